"use strict";
// Matchers as people write them: `a="b"`, `{a=~"x|y", "c d"!=e}`. The API judges; here they are only taken apart.

const PART = /\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"{}=!~,]+))\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^",}]*?))\s*(?:,|$)/y;
const ESCAPES = { n: "\n", t: "\t", r: "\r" };

function unescaped(text) {
  return text.replace(/\\(.)/gs, (_, char) => ESCAPES[char] ?? char);
}

// A list of {name, value, isRegex, isEqual}; throws words for people.
function parsedMatchers(text) {
  let rest = text.trim();
  if (rest.startsWith("{") && rest.endsWith("}")) rest = rest.slice(1, -1).trim();
  const matchers = [];
  PART.lastIndex = 0;
  while (PART.lastIndex < rest.length) {
    const at = PART.lastIndex;
    const found = PART.exec(rest);
    if (!found) throw new Error(`This is no matcher: ${rest.slice(at).trim()}`);
    const [, quotedName, name, op, quoted, bare] = found;
    matchers.push({
      name: quotedName === undefined ? name : unescaped(quotedName),
      value: quoted === undefined ? bare : unescaped(quoted),
      isRegex: op.endsWith("~"),
      isEqual: !op.startsWith("!"),
    });
  }
  return matchers;
}

function written(matcher) {
  const op = (matcher.isEqual === false ? "!" : "=") + (matcher.isRegex ? "~" : matcher.isEqual === false ? "=" : "");
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(matcher.name) ? matcher.name : quoted(matcher.name);
  return name + op + quoted(matcher.value);
}

function quoted(text) {
  return '"' + text.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n") + '"';
}

// Of pairs of a name and a value: an object would take a label named `__proto__` for its own.
function equals(labels) {
  return labels.map(([name, value]) => ({ name, value, isRegex: false, isEqual: true }));
}

function joined(matchers) {
  return matchers.map(written).join(", ");
}
