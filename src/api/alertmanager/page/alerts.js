// Alerts by their groups.

const FLAGS = [["active", true], ["silenced", false], ["inhibited", false], ["muted", false]];
let opened = new Set();

function asked(parameters) {
  const state = { receiver: parameters.get("receiver") ?? "", filter: parameters.get("filter") ?? "" };
  for (const [name, standard] of FLAGS) state[name] = parameters.has(name) ? parameters.get(name) === "true" : standard;
  return state;
}

function show(state, change) {
  const next = { ...state, ...change };
  const parameters = { receiver: next.receiver, filter: next.filter };
  for (const [name, standard] of FLAGS) if (next[name] !== standard) parameters[name] = String(next[name]);
  go("alerts", parameters);
}

// The API's own pattern of receivers, with a name in it taken to the letter.
function literal(name) {
  return name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

async function alertsView(parameters) {
  const state = asked(parameters);
  const matchers = parsedMatchers(state.filter);
  const query = new URLSearchParams();
  for (const matcher of matchers) query.append("filter", written(matcher));
  if (state.receiver) query.set("receiver", state.receiver);
  for (const [name] of FLAGS) query.set(name, state[name]);
  const [groups, receivers] = await Promise.all([ask(`alerts/groups?${query}`), ask("receivers")]);
  const count = groups.reduce((sum, group) => sum + group.alerts.length, 0);
  document.getElementById("alert-count").textContent = count || "";
  const parts = [filterBar(state, matchers, receivers)];
  if (groups.length === 0) parts.push(empty("No alerts", matchers.length ? "None matches the filter." : "Nothing burns."));
  const few = groups.length <= 5;
  for (const group of groups.slice(0, 500)) parts.push(groupCard(group, state, matchers, few));
  if (groups.length > 500) parts.push(empty("More groups than fit", `${groups.length - 500} are left out: narrow the filter.`));
  return [make("h1", {}, "Alerts"), ...parts];
}

function filterBar(state, matchers, receivers) {
  const input = make("input", { type: "text", className: "mono", value: joined(matchers), placeholder: 'severity="critical", team=~"web|db"', autocomplete: "off", spellcheck: false });
  const names = receivers.map((receiver) => receiver.name);
  const options = names.map((name) => make("option", { value: literal(name), selected: state.receiver === name || state.receiver === literal(name) }, name));
  const known = names.some((name) => state.receiver === name || state.receiver === literal(name));
  if (state.receiver && !known) options.push(make("option", { value: state.receiver, selected: true }, state.receiver));
  const select = make("select", { on: { change: (event) => show(state, { receiver: event.target.value }) } }, make("option", { value: "" }, "every receiver"), options);
  const submit = (event) => { event.preventDefault(); show(state, { filter: input.value.trim() }); };
  return make("form", { className: "card bar", on: { submit } },
    make("div", { className: "row" },
      make("div", { className: "grow" }, field("filter", "Filter", input)),
      field("receiver", "Receiver", select)),
    make("div", { className: "row" },
      checkbox("active", state.active, (active) => show(state, { active })),
      checkbox("silenced", state.silenced, (silenced) => show(state, { silenced })),
      checkbox("inhibited", state.inhibited, (inhibited) => show(state, { inhibited })),
      checkbox("muted", state.muted, (muted) => show(state, { muted })),
      make("span", { className: "row push" },
        make("button", { type: "submit", className: "small" }, "Apply"),
        state.filter && make("button", { type: "button", className: "small", on: { click: () => show(state, { filter: "" }) } }, "Clear"),
        matchers.length > 0 && make("a", { className: "button small", href: silenceLink(matchers) }, "Silence these"))));
}

function silenceLink(matchers) {
  return address("silences/new", { filter: `{${joined(matchers)}}` });
}

function groupCard(group, state, matchers, few) {
  const key = JSON.stringify([group.labels, group.receiver.name]);
  const active = group.alerts.filter((alert) => alert.status.state === "active").length;
  const labels = Object.entries(group.labels);
  const body = make("div");
  const fill = () => {
    if (body.childElementCount === 0) body.append(...group.alerts.slice(0, 200).map((alert) => alertCard(alert, group, state, matchers)));
    if (group.alerts.length > 200 && body.childElementCount === 200) body.append(make("p", { className: "alert soft" }, `${group.alerts.length - 200} more: narrow the filter.`));
  };
  const details = make("details", { className: "card group", open: few || opened.has(key) },
    make("summary", {},
      make("h2", { className: "chips" }, labels.length ? labels.map(([name, value]) => make("span", { className: "chip" }, `${name}="${value}"`)) : "Not grouped"),
      make("span", { className: `badge ${active ? "active" : ""}` }, active ? `${active} firing` : "nothing firing"),
      group.alerts.length > active && make("span", { className: "badge" }, `${group.alerts.length - active} suppressed`),
      make("span", { className: "soft push" }, group.receiver.name)),
    body);
  details.addEventListener("toggle", () => {
    if (details.open) { opened.add(key); fill(); } else { opened.delete(key); }
  });
  if (details.open) fill();
  return details;
}

function alertCard(alert, group, state, matchers) {
  const { status } = alert;
  const narrow = (name, value) => show(state, { filter: joined([...matchers.filter((one) => one.name !== name), ...equals([[name, value]])]) });
  const labels = Object.entries(alert.labels).filter(([name]) => !Object.hasOwn(group.labels, name));
  return make("article", { className: `alert ${status.state}` },
    make("div", { className: "row" },
      make("span", { className: `badge ${status.state}` }, status.state),
      make("span", { className: "soft" }, moment(alert.startsAt, "since", "starts")),
      status.silencedBy.map((id) => make("a", { href: `#/silences/${id}` }, "silenced")),
      status.inhibitedBy.length > 0 && make("span", { className: "soft" }, "inhibited by another alert"),
      status.mutedBy.length > 0 && make("span", { className: "soft" }, `muted: ${status.mutedBy.join(", ")}`),
      make("span", { className: "row push" },
        alert.generatorURL && link(alert.generatorURL, "Source"),
        make("a", { className: "button small", href: silenceLink(equals(Object.entries(alert.labels))) }, "Silence"))),
    Object.keys(alert.annotations).length > 0 && make("dl", {},
      Object.entries(alert.annotations).map(([name, value]) => [make("dt", {}, name), make("dd", {}, linked(value))])),
    make("ul", { className: "chips" }, labels.map(([name, value]) => make("li", {},
      make("button", { className: "chip", title: "Filter by this label", on: { click: () => narrow(name, value) } }, `${name}="${value}"`)))));
}
