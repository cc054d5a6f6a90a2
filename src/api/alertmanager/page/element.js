// Everything on the page is made of text nodes and elements, never of markup: what strangers wrote stays text.

function make(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    else if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

const base = document.documentElement.dataset.base;

// Asks the API; throws its words where it refuses.
async function ask(path, options) {
  const answer = await fetch(`${base}api/v2/${path}`, { headers: { Accept: "application/json" }, ...options });
  const text = await answer.text();
  let body;
  try { body = text ? JSON.parse(text) : undefined; } catch { body = text; }
  if (!answer.ok) throw new Error(typeof body === "string" && body ? body : body?.message ?? `${answer.status} ${answer.statusText}`);
  return body;
}

function send(path, value) {
  return ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) });
}

let noticeTimer;
function notice(words) {
  const place = document.getElementById("notice");
  place.textContent = words;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => { place.textContent = ""; }, 6000);
}

// "3 h 20 min" from milliseconds.
function spelled(millis) {
  const minutes = Math.max(0, Math.round(millis / 60000));
  const parts = [[Math.floor(minutes / 1440), "d"], [Math.floor(minutes / 60) % 24, "h"], [minutes % 60, "min"]];
  const told = parts.filter(([count]) => count > 0).slice(0, 2).map(([count, unit]) => `${count} ${unit}`);
  return told.join(" ") || "less than a minute";
}

function moment(text, before, after) {
  const at = new Date(text);
  const apart = at - Date.now();
  const words = apart < 0 ? `${before} ${spelled(-apart)} ago` : `${after ?? before} in ${spelled(apart)}`;
  return make("time", { dateTime: text, title: at.toLocaleString() }, words);
}

// Only what leads to a page: no `javascript:`.
function link(url, words) {
  if (!/^https?:\/\//i.test(url)) return undefined;
  return make("a", { href: url, rel: "noreferrer noopener", target: "_blank" }, words);
}

// Text whose web addresses can be followed.
function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"']+)/).map((part, at) => (at % 2 ? link(part, part) : part));
}

function empty(title, words) {
  return make("p", { className: "card empty" }, make("strong", {}, title), words);
}

function fault(error) {
  return make("p", { className: "card fault", role: "alert" }, error.message);
}

function checkbox(words, checked, change) {
  return make("label", { className: "box" }, make("input", { type: "checkbox", checked, on: { change: (event) => change(event.target.checked) } }), words);
}

function field(id, words, input) {
  input.id = id;
  return make("div", { className: "field" }, make("label", { htmlFor: id }, words), input);
}

// Addresses are written as encodeURIComponent does and read as decodeURIComponent does, which is how Alertmanager's own
// page has them: a plus is a plus, and not a space.
function address(view, parameters) {
  const given = Object.entries(parameters ?? {}).filter(([, value]) => value !== undefined && value !== "");
  const text = given.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  return `#/${view}${text ? `?${text}` : ""}`;
}

// The first of a name counts; what cannot be decoded is not there.
function parametersOf(query) {
  const parameters = new Map();
  for (const part of query.split("&").filter(Boolean)) {
    const [name, value] = part.split(/=(.*)/s);
    try {
      const known = decodeURIComponent(name);
      if (!parameters.has(known)) parameters.set(known, decodeURIComponent(value ?? ""));
    } catch { /* Half of a percent sign. */ }
  }
  return parameters;
}

function go(view, parameters) {
  location.hash = address(view, parameters);
}
