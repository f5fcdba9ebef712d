// What the page asks and shows. The address holds the state, so that back, reload and a copied link work.
"use strict";
const PAGE = 100;
const FILTERS = ["from", "to", "host", "user", "source", "text", "findings_only"];
const at = (id) => document.getElementById(id);
const form = at("filter");
let state = new URLSearchParams(location.search);
let about = {}, findings = [], asked = null, earlier = [];

async function get(path, values, signal) {
  let answer;
  try {
    answer = await fetch(path + (values ? "?" + values : ""), { signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error(word("gone"));
  }
  const found = await answer.json();
  if (!answer.ok) throw new Error(word("failed", { why: visible(found.error) }));
  return found;
}

function say(node, text, warn) { node.textContent = text; node.hidden = !text; node.classList.toggle("warn", Boolean(warn)); }

/** The address from the state, then everything again. */
function go(change, replace) {
  for (const name in change) {
    if (change[name]) state.set(name, change[name]); else state.delete(name);
  }
  const address = state.toString() ? "?" + state : location.pathname;
  if (replace) history.replaceState(null, "", address); else history.pushState(null, "", address);
  show();
}

function show() {
  for (const name of FILTERS) {
    const input = form.elements[name];
    if (input.type === "checkbox") input.checked = state.has(name); else input.value = state.get(name) || "";
  }
  at("tz").value = state.get("tz") || "";
  const tab = state.get("tab") || "events";
  for (const button of document.querySelectorAll("[data-tab]")) {
    button.setAttribute("aria-selected", String(button.dataset.tab === tab));
    at(button.dataset.tab).hidden = button.dataset.tab !== tab;
  }
  at("one").hidden = !state.get("finding");
  at("one").firstElementChild.textContent = word("one-finding", { id: state.get("finding") || "" });
  at("wider").hidden = !earlier.length;
  if (tab === "events") events();
}

function showFinding(id) {
  const clear = { tab: "", finding: id, offset: "" };
  for (const name of FILTERS) clear[name] = "";
  earlier = [];
  go(clear);
  scrollTo(0, 0);
}

function pick(bin) {
  earlier.push({ from: state.get("from") || "", to: state.get("to") || "" });
  go({ from: bin.from, to: bin.to, offset: "" });
}

async function events() {
  if (asked) asked.abort();
  asked = new AbortController();
  const mine = asked;
  const values = new URLSearchParams(state);
  values.delete("tab");
  // UTC is shown anyway.
  if ((values.get("tz") || "").toUpperCase() === "UTC") values.delete("tz");
  values.set("lang", LANG);
  values.set("limit", PAGE);
  at("rows").classList.add("waiting");
  say(at("said"), word("loading"));
  try {
    const [page, found] = await Promise.all([get("/api/events", values, mine.signal), get("/api/histogram", values, mine.signal)]);
    say(at("said"), found.events ? "" : word("no-events"), true);
    drawEvents(page, found);
  } catch (error) {
    if (error.name === "AbortError") return;
    say(at("said"), error.message, true);
    at("rows").replaceChildren();
  }
  at("rows").classList.remove("waiting");
}

function drawEvents(page, found) {
  at("count").textContent = word("count-events", { count: count(found.events) });
  at("untimed").textContent = found.untimed ? word("count-untimed", { count: count(found.untimed) }) : "";
  at("rows").replaceChildren(...page.rows.map((row) => eventRow(row, showFinding)));
  const starts = findings.map((one) => Date.parse(one.time.start || "") / 1000).filter(Number.isFinite);
  drawHistogram(at("histogram"), found, starts, pick);
  at("per-bar").textContent = found.bins.length ? word("per-bar", { width: width(found.width) }) : "";
  at("first").textContent = found.first || "";
  at("last").textContent = found.last || "";
  const until = page.offset + page.rows.length;
  at("range").textContent = page.rows.length ? word("range", { from: count(page.offset + 1), to: count(until), count: count(found.events) }) : "";
  at("previous").disabled = page.offset === 0;
  at("next").disabled = !page.more || !page.reachable;
  at("unreachable").hidden = !page.more || page.reachable;
}

function turn(by) {
  const offset = Math.max(0, Number(state.get("offset") || 0) + by);
  go({ offset: offset ? String(offset) : "" });
  at("count").scrollIntoView();
}

async function ask(event) {
  event.preventDefault();
  const run = at("ask").querySelector("button");
  run.disabled = true;
  at("table").classList.add("waiting");
  at("answer").hidden = false;
  say(at("sql-said"), word("loading"));
  try {
    const found = await get("/api/query", new URLSearchParams({ sql: at("ask").elements.sql.value }));
    drawTable(at("table"), found.rows);
    const rows = { count: count(found.rows.length) };
    say(at("sql-said"), found.more ? word("sql-cut", rows) : word("sql-rows", rows), found.more);
  } catch (error) {
    drawTable(at("table"), []);
    say(at("sql-said"), error.message, true);
  }
  at("table").classList.remove("waiting");
  run.disabled = false;
}

function language(chosen) {
  LANG = chosen === "ja" ? "ja" : "en";
  document.documentElement.lang = LANG;
  for (const one of document.querySelectorAll("[data-word]")) one.textContent = word(one.dataset.word);
  for (const one of document.querySelectorAll("[data-hint]")) one.placeholder = word(one.dataset.hint);
  for (const one of document.querySelectorAll("[data-label]")) one.setAttribute("aria-label", word(one.dataset.label));
  for (const one of document.querySelectorAll("[data-lang]")) one.setAttribute("aria-pressed", String(one.dataset.lang === LANG));
  at("name").textContent = visible(about.name || "konseki");
  document.title = visible(about.name || "konseki") + " · " + word("explorer");
  at("tables").textContent = (about.tables || []).join("  ");
  const grave = ["critical", "high", "medium", "low", "informational"];
  const sorted = findings.slice().sort((a, b) => grave.indexOf(a.level) - grave.indexOf(b.level));
  at("list").replaceChildren(...sorted.map((one) => findingItem(one, showFinding)));
  at("found").textContent = findings.length ? word("count-findings", { count: count(findings.length) }) : word("no-findings");
}

function options(id, values) {
  at(id).replaceChildren(...(values || []).map((value) => { const made = document.createElement("option"); made.value = value; return made; }));
}

function listen() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const change = { offset: "" };
    for (const name of FILTERS) change[name] = form.elements[name].type === "checkbox" ? (form.elements[name].checked ? "1" : "") : form.elements[name].value.trim();
    go(change);
  });
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    const change = { offset: "", finding: "" };
    for (const name of FILTERS) change[name] = "";
    earlier = [];
    go(change);
  });
  at("ask").addEventListener("submit", ask);
  at("one").querySelector("button").addEventListener("click", () => go({ finding: "", offset: "" }));
  at("wider").addEventListener("click", () => go(Object.assign({ offset: "" }, earlier.pop())));
  at("previous").addEventListener("click", () => turn(-PAGE));
  at("next").addEventListener("click", () => turn(PAGE));
  at("tz").addEventListener("change", () => go({ tz: at("tz").value.trim() }, true));
  for (const one of document.querySelectorAll("[data-tab]")) one.addEventListener("click", () => go({ tab: one.dataset.tab === "events" ? "" : one.dataset.tab }));
  for (const one of document.querySelectorAll("[data-lang]")) {
    one.addEventListener("click", () => { language(one.dataset.lang); go({ lang: LANG }, true); });
  }
  addEventListener("popstate", () => { state = new URLSearchParams(location.search); earlier = []; show(); });
}

async function start() {
  Object.assign(WORDS, await get("/words.json"));
  language(state.get("lang") || (navigator.language.startsWith("ja") ? "ja" : "en"));
  listen();
  try {
    [about, findings] = await Promise.all([get("/api/about"), get("/api/findings")]);
  } catch (error) {
    say(at("said"), error.message, true);
    return;
  }
  options("hosts", about.hosts);
  options("users", about.users);
  options("sources", about.sources);
  at("report").hidden = !about.report;
  if (!state.has("tz") && about.zone) state.set("tz", about.zone);
  language(LANG);
  show();
}

start();
