// Which view an address means: those that messages have linked to all along.

const REFRESH = 30000;
let turn = 0;
let path = "";

function routed() {
  const [place, query] = location.hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  return { place: place.replace(/\/+$/, "") || "alerts", parameters: parametersOf(query ?? "") };
}

function viewOf({ place, parameters }) {
  const [first, second, third] = place.split("/");
  if (first === "silences" && second === "new") return ["new", () => formView(parameters)];
  if (first === "silences" && second && third === "edit") return ["new", () => formView(parameters, decodeURIComponent(second))];
  if (first === "silences" && second) return ["silences", () => silenceView(decodeURIComponent(second))];
  if (first === "silences") return ["silences", () => silencesView(parameters)];
  return ["alerts", () => alertsView(parameters)];
}

async function render() {
  const mine = ++turn;
  const main = document.getElementById("main");
  const [name, view] = viewOf(routed());
  for (const tab of document.querySelectorAll("nav a[data-view]")) {
    if (tab.dataset.view === name) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  let parts;
  try { parts = await view(); } catch (error) { parts = [fault(error), make("p", {}, make("a", { href: "#/alerts" }, "All alerts"))]; }
  // Another address was opened meanwhile.
  if (mine !== turn) return;
  main.replaceChildren(...parts);
  document.title = `noroshi: ${name === "new" ? "silence" : name}`;
}

// A list grows old; a form that somebody fills in does not, and neither does a page nobody sees.
function refresh() {
  const busy = document.activeElement?.matches("input, textarea, select, button.small[data-sure]");
  if (!document.hidden && !busy && viewOf(routed())[0] !== "new") render();
}

window.addEventListener("hashchange", () => {
  const { place } = routed();
  render().then(() => {
    if (place !== path) { document.getElementById("main").focus({ preventScroll: true }); scrollTo(0, 0); }
    path = place;
  });
});
path = routed().place;
setInterval(refresh, REFRESH);
render();
