// Runs what an image of Node.js was asked to run. Arguments: the working directory (there are no folders here), how many
// files, of each its name and content, the script, and the command. There is no shell: a script is lines of `node FILE …`
// or `node -e CODE …`, or JavaScript itself where the command is `node`. What is printed is the result.
const [, , , count, ...rest] = process.argv;
const files = new Map();
for (let index = 0; index < Number(count); index++) {
  files.set(rest[2 * index].replace(/^\.\//, ""), rest[2 * index + 1]);
}
const [script, ...command] = rest.slice(2 * Number(count));

function run(words) {
  const [first, second, ...others] = words;
  if (first === "-e" || first === "--eval") {
    process.argv = ["node", ...others];
    return (0, eval)(second);
  }
  const text = files.get((first ?? "").replace(/^\.\//, ""));
  if (text === undefined) throw new Error(`there is no file ${first}`);
  process.argv = ["node", first, ...words.slice(1)];
  return (0, eval)(text);
}

// Words as a shell has them, but for what it does with $(…) and pipes.
function words(line) {
  const found = line.match(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/g) ?? [];
  const variable = (text) => text.replace(/\$\{?(\w+)\}?/g, (_, name) => process.env[name] ?? "");
  return found.map((word) =>
    word.replace(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^'"\\]+)/g, (_, single, double, escaped, plain) =>
      single ?? (double !== undefined ? variable(double).replace(/\\(["\\$`])/g, "$1") : escaped ?? variable(plain)),
    ),
  );
}

function line(text) {
  let [program, ...others] = words(text);
  if (program === undefined || program.startsWith("#")) return;
  if (!/^(.*\/)?node(js)?$/.test(program)) {
    throw new Error(`an image of Node.js runs lines of \`node …\`, and no shell: ${text.trim()}`);
  }
  // What is printed is the result: there is no other file.
  const target = others.findIndex((word) => word === ">" || word === ">>");
  if (target >= 0) others = others.slice(0, target);
  run(others);
}

if (script && /(^|\/)node$/.test(command[0] ?? "")) (0, eval)(script);
else if (script) script.replaceAll("\\\n", " ").split("\n").forEach(line);
else if (command.length) run(/(^|\/)node$/.test(command[0]) ? command.slice(1) : command);
