// Silences, and the form that makes them.

const DURATIONS = [["1h", 1], ["2h", 2], ["4h", 4], ["8h", 8], ["1 day", 24], ["3 days", 72], ["1 week", 168]];

async function silencesView(parameters) {
  const matchers = parsedMatchers(parameters.get("filter") ?? "");
  const query = new URLSearchParams();
  for (const matcher of matchers) query.append("filter", written(matcher));
  const silences = await ask(`silences?${query}`);
  const state = parameters.get("state") ?? "active";
  const by = { active: [], pending: [], expired: [] };
  for (const silence of silences) by[silence.status.state]?.push(silence);
  document.getElementById("silence-count").textContent = by.active.length || "";
  const tabs = Object.keys(by).map((name) => make("a", {
    href: address("silences", { state: name, filter: parameters.get("filter") }),
    "aria-current": name === state ? "page" : undefined,
  }, `${name} `, make("span", { className: "count" }, String(by[name].length))));
  const shown = (Object.hasOwn(by, state) ? by[state] : []).slice(0, 500);
  return [
    make("div", { className: "row" }, make("h1", {}, "Silences"), make("a", { className: "button small push", href: "#/silences/new" }, "New silence")),
    make("nav", { className: "card bar row", "aria-label": "State" }, tabs),
    ...shown.map((silence) => silenceCard(silence)),
    shown.length === 0 && empty(`No ${state} silences`, matchers.length ? "None has these matchers." : ""),
  ].filter(Boolean);
}

async function silenceView(id) {
  const silence = await ask(`silence/${encodeURIComponent(id)}`);
  const groups = await matching(silence.matchers, "&silenced=true");
  return [make("h1", {}, "Silence"), silenceCard(silence), make("p", { className: "soft" }, `Alerts with these labels now: ${groups}`)];
}

async function matching(matchers, more) {
  const query = new URLSearchParams();
  for (const matcher of matchers) query.append("filter", written(matcher));
  return (await ask(`alerts?${query}${more ?? ""}`)).length;
}

function silenceCard(silence) {
  const { state } = silence.status;
  const planned = silence.annotations?.noroshi_maintenance;
  const again = state === "expired" ? "Make again" : "Change";
  return make("article", { className: "card silence" },
    make("div", { className: "row" },
      make("span", { className: `badge ${state === "active" ? "good" : state}` }, state),
      state === "pending" && make("span", { className: "soft" }, moment(silence.startsAt, "started", "starts")),
      make("span", { className: "soft" }, moment(silence.endsAt, "ended", "ends")),
      planned && make("span", { className: "badge" }, `maintenance: ${planned}`),
      make("span", { className: "row push" },
        make("a", { className: "soft", href: `#/silences/${silence.id}` }, "Link"),
        !planned && make("a", { className: "button small", href: `#/silences/${silence.id}/edit` }, again),
        !planned && state !== "expired" && expireButton(silence))),
    make("ul", { className: "chips" }, silence.matchers.map((matcher) => make("li", { className: "chip" }, written(matcher)))),
    make("p", { className: "soft" }, linked(silence.comment || "No comment"), silence.createdBy && ` (${silence.createdBy})`));
}

// Asks once more in its own place: a silence that ends too early pages people.
function expireButton(silence) {
  const button = make("button", { className: "small" }, "Expire");
  button.addEventListener("click", async () => {
    if (button.dataset.sure === undefined) {
      button.dataset.sure = "";
      button.textContent = "Really expire?";
      setTimeout(() => { delete button.dataset.sure; button.textContent = "Expire"; }, 4000);
      return;
    }
    button.disabled = true;
    try {
      await ask(`silence/${silence.id}`, { method: "DELETE" });
      notice("The silence has ended.");
      render();
    } catch (error) {
      button.disabled = false;
      notice(error.message);
    }
  });
  return button;
}

// As `datetime-local` wants it, in the browser's time zone.
function local(date) {
  return new Date(date - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

function remembered(value) {
  try {
    if (value === undefined) return localStorage.getItem("createdBy") ?? "";
    localStorage.setItem("createdBy", value);
  } catch { /* The browser keeps nothing for us. */ }
  return "";
}

async function formView(parameters, id) {
  const old = id && await ask(`silence/${encodeURIComponent(id)}`);
  const matchers = old ? old.matchers : parsedMatchers(parameters.get("filter") ?? "");
  const keeps = old && old.status.state !== "expired";
  const begins = keeps ? new Date(old.startsAt) : new Date();
  const ends = keeps ? new Date(old.endsAt) : new Date(Date.now() + 2 * 3600000);
  const input = {
    matchers: make("textarea", { rows: Math.max(2, matchers.length), className: "mono", spellcheck: false, required: true, value: matchers.map(written).join(",\n") }),
    begins: make("input", { type: "datetime-local", value: local(begins), required: true }),
    ends: make("input", { type: "datetime-local", value: local(ends), required: true }),
    creator: make("input", { type: "text", value: old?.createdBy || remembered(), autocomplete: "username" }),
    comment: make("input", { type: "text", value: old?.comment ?? parameters.get("comment") ?? "", required: true }),
  };
  const told = make("p", { className: "soft", role: "status" });
  const durations = DURATIONS.map(([words, hours]) => make("button", { type: "button", className: "small", on: { click: () => {
    const from = Math.max(new Date(input.begins.value), Date.now());
    input.ends.value = local(new Date(from + hours * 3600000));
  } } }, words));
  const preview = async () => {
    try {
      const count = await matching(parsedMatchers(input.matchers.value));
      told.textContent = count === 1 ? "1 alert matches now." : `${count} alerts match now.`;
    } catch (error) { told.textContent = error.message; }
  };
  const submit = async (event) => {
    event.preventDefault();
    try {
      const moved = input.begins.value !== local(begins);
      const { silenceID } = await send("silences", {
        ...(keeps && { id: old.id }),
        ...(keeps && old.annotations && { annotations: old.annotations }),
        matchers: parsedMatchers(input.matchers.value),
        startsAt: (moved ? new Date(input.begins.value) : begins).toISOString(),
        endsAt: new Date(input.ends.value).toISOString(),
        createdBy: input.creator.value.trim(),
        comment: input.comment.value.trim(),
      });
      remembered(input.creator.value.trim());
      notice("The silence is kept.");
      location.hash = `#/silences/${silenceID}`;
    } catch (error) { told.textContent = error.message; told.className = "card fault"; }
  };
  input.matchers.addEventListener("change", preview);
  if (matchers.length) preview();
  return [make("h1", {}, keeps ? "Change a silence" : "New silence"), make("form", { className: "card bar", on: { submit } },
    field("matchers", "Alerts with all of these labels", input.matchers), told,
    make("div", { className: "two" }, field("begins", "From", input.begins), field("ends", "Until", input.ends)),
    make("div", { className: "row", role: "group", "aria-label": "For how long" }, durations),
    make("div", { className: "two" }, field("creator", "Your name", input.creator), field("comment", "Why", input.comment)),
    make("div", { className: "row" },
      make("button", { type: "submit", className: "main" }, keeps ? "Change" : "Silence"),
      make("button", { type: "button", on: { click: preview } }, "Preview")))];
}
