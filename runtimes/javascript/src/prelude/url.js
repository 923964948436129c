// URL and URLSearchParams. Parsing is the host side's.
class URLSearchParams {
  #pairs = [];
  #changed = () => {};
  constructor(init = "", changed) {
    if (typeof init === "string") this.#pairs = skep.parseQuery(init);
    else if (typeof init[Symbol.iterator] === "function") this.#pairs = Array.from(init, ([name, value]) => [`${name}`, `${value}`]);
    else this.#pairs = Object.entries(init).map(([name, value]) => [name, `${value}`]);
    if (changed) this.#changed = changed;
  }
  get size() {
    return this.#pairs.length;
  }
  append(name, value) {
    this.#pairs.push([`${name}`, `${value}`]);
    this.#changed();
  }
  delete(name, value) {
    this.#pairs = this.#pairs.filter((pair) => pair[0] !== `${name}` || (value !== undefined && pair[1] !== `${value}`));
    this.#changed();
  }
  get(name) {
    return this.#pairs.find((pair) => pair[0] === `${name}`)?.[1] ?? null;
  }
  getAll(name) {
    return this.#pairs.filter((pair) => pair[0] === `${name}`).map((pair) => pair[1]);
  }
  has(name, value) {
    return this.#pairs.some((pair) => pair[0] === `${name}` && (value === undefined || pair[1] === `${value}`));
  }
  set(name, value) {
    const place = this.#pairs.findIndex((pair) => pair[0] === `${name}`);
    if (place < 0) return this.append(name, value);
    this.#pairs[place] = [`${name}`, `${value}`];
    this.#pairs = this.#pairs.filter((pair, at) => at <= place || pair[0] !== `${name}`);
    this.#changed();
  }
  sort() {
    this.#pairs.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
    this.#changed();
  }
  forEach(callback, self) {
    for (const [name, value] of this.#pairs) callback.call(self, value, name, this);
  }
  *entries() {
    yield* this.#pairs.map((pair) => [...pair]);
  }
  *keys() {
    for (const pair of this.#pairs) yield pair[0];
  }
  *values() {
    for (const pair of this.#pairs) yield pair[1];
  }
  [Symbol.iterator]() {
    return this.entries();
  }
  toString() {
    return skep.writeQuery(this.#pairs);
  }
}

class URL {
  #href;
  #query;
  constructor(url, base) {
    this.#href = skep.parseUrl(`${url}`, base === undefined ? undefined : `${base}`);
  }
  static canParse(url, base) {
    return URL.parse(url, base) !== null;
  }
  static parse(url, base) {
    try {
      return new URL(url, base);
    } catch {
      return null;
    }
  }
  get href() {
    return this.#href;
  }
  set href(value) {
    this.#href = skep.parseUrl(`${value}`);
    this.#query = undefined;
  }
  get searchParams() {
    this.#query ??= new URLSearchParams(this.search, () => {
      this.#href = skep.changeUrl(this.#href, "search", this.#query.toString());
    });
    return this.#query;
  }
  toString() {
    return this.#href;
  }
  toJSON() {
    return this.#href;
  }
  static part(name) {
    const get = function () {
      return skep.changeUrl(this.#href, name);
    };
    const set = function (value) {
      this.#href = skep.changeUrl(this.#href, name, `${value}`);
      if (name === "search") this.#query = undefined;
    };
    Object.defineProperty(URL.prototype, name, { get, set: name === "origin" ? undefined : set, enumerable: true });
  }
}
for (const name of ["origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"]) {
  URL.part(name);
}
delete URL.part;
return { URL, URLSearchParams };
