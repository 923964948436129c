// console: what is no text is shown as it would be written in a script, to a depth.
const DEPTH_MAX = 4;
const ITEMS_MAX = 100;

const shown = (value, depth, seen) => {
  if (typeof value === "string") return depth === 0 ? value : JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return `[function ${value.name || "(anonymous)"}]`;
  if (typeof value === "symbol" || value === null || typeof value !== "object") return String(value);
  if (value instanceof Error) return `${value.name}: ${value.message}\n${value.stack ?? ""}`.trimEnd();
  if (value instanceof Date || value instanceof RegExp) return String(value);
  if (seen.includes(value)) return "[circular]";
  if (depth >= DEPTH_MAX) return Array.isArray(value) ? "[…]" : "{…}";
  return container(value, depth + 1, [...seen, value]);
};

const container = (value, depth, seen) => {
  const inner = (item) => shown(item, depth, seen);
  const cut = (items, length) => (length > ITEMS_MAX ? [...items, `… ${length - ITEMS_MAX} more`] : items).join(", ");
  if (value instanceof Map) {
    const items = [...value].slice(0, ITEMS_MAX).map(([key, item]) => `${inner(key)} => ${inner(item)}`);
    return `Map(${value.size}) {${cut(items, value.size)}}`;
  }
  if (value instanceof Set) return `Set(${value.size}) {${cut([...value].slice(0, ITEMS_MAX).map(inner), value.size)}}`;
  const isList = Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
  if (isList) {
    const name = Array.isArray(value) ? "" : `${value.constructor.name} `;
    return `${name}[${cut([...value.slice(0, ITEMS_MAX)].map(inner), value.length)}]`;
  }
  const keys = Object.keys(value);
  const items = keys.slice(0, ITEMS_MAX).map((key) => `${key}: ${inner(value[key])}`);
  const name = value.constructor && value.constructor !== Object ? `${value.constructor.name} ` : "";
  return `${name}{${cut(items, keys.length)}}`;
};

const line = (values) => values.map((value) => shown(value, 0, [])).join(" ").toWellFormed();
const out = (...values) => skep.print(false, line(values));
const err = (...values) => skep.print(true, line(values));
const console = { log: out, info: out, debug: out, dir: out, table: out, error: err, warn: err };
console.trace = (...values) => err(...values, new Error().stack);
console.assert = (holds, ...values) => holds || err("assertion failed", ...values);
const times = new Map();
console.time = (label = "default") => void times.set(label, performance.now());
console.timeEnd = (label = "default") => {
  if (times.has(label)) out(`${label}: ${(performance.now() - times.get(label)).toFixed(3)} ms`);
  times.delete(label);
};
return { console };
