// Nodes from values. Text from evidence becomes text nodes only, with what cannot be seen written out.
"use strict";
const WORDS = {};
let LANG = "en";

/** The word of a key in the language chosen, holes filled. */
function word(key, holes) {
  const both = WORDS[key];
  const text = both ? both[LANG] : key;
  return holes ? text.replace(/\{(\w+)\}/g, (whole, name) => (name in holes ? String(holes[name]) : whole)) : text;
}

/** Characters that reorder or hide text, and control characters except the ends of lines, as [U+XXXX]. */
function visible(text) {
  return String(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0f]/gu, (c) =>
    c === "\n" || c === "\t" ? c : "[U+" + c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0") + "]");
}

/** An element with a class and children; strings become text. */
function node(tag, name, ...children) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  for (const child of children) made.append(child);
  return made;
}

function count(number) { return Number(number).toLocaleString(LANG); }

function width(seconds) {
  if (seconds % 86400 === 0) return word("unit-d", { n: seconds / 86400 });
  if (seconds % 3600 === 0) return word("unit-h", { n: seconds / 3600 });
  if (seconds % 60 === 0) return word("unit-min", { n: seconds / 60 });
  return word("unit-s", { n: seconds });
}

function place(path, unit, number) { return unit ? word("place", { path: visible(path), place: word("unit-" + unit, { n: number }) }) : visible(path); }

/** Fills a list with `[name, value]` pairs. */
function pairs(list) {
  const made = node("dl");
  for (const [name, value] of list) made.append(node("dt", "", visible(name)), node("dd", "", visible(value)));
  return made;
}

function details(row) {
  const made = node("details", "", node("summary", "", word("values")));
  const basis = [row.fidelity, row.basis].filter(Boolean).join(", ");
  const first = [[word("kind"), row.kind], [word("time-basis"), basis], [word("evidence"), row.evidence]];
  if (row.user) first.push([word("user"), row.user]);
  made.append(pairs(first.filter((pair) => pair[1]).concat(row.fields)));
  return made;
}

/** One event; `show` is called with the id of a finding. */
function eventRow(row, show) {
  const made = node("li", row.findings.length ? "found" : "");
  const when = node("div", "when", row.local || row.time || word("no-time"));
  if (row.local && row.time) when.append(node("span", "second", row.time));
  const what = node("div", "what", node("div", "message", row.message ? visible(row.message).replace(/\[U\+206[89]\]/g, "") : row.kind));
  const foot = node("div", "foot", node("span", "", place(row.path || row.evidence, row.unit, row.at)));
  for (const id of row.findings) foot.append(button("link", id, () => show(id)));
  if (row.raw) what.append(node("div", "raw", visible(row.raw)));
  if (!row.raw) foot.append(node("span", "", "(" + word("no-raw") + ")"));
  what.append(foot);
  what.append(details(row));
  made.append(when, node("div", "where", visible(row.host), node("span", "", row.source)), what);
  return made;
}

function button(name, text, act) {
  const made = node("button", name, text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

function findingItem(finding, show) {
  const says = LANG === "ja" && finding.ja && finding.ja.title ? finding.ja : finding;
  const level = node("span", "lv lv-" + finding.level, word("level-" + finding.level));
  const time = finding.time && finding.time.start;
  const facts = [time || word("no-time"), finding.id, word("kind-" + finding.kind), word("rule") + ": " + finding.rule].concat(finding.techniques);
  const hosts = finding.entities.filter((one) => one.kind === "host").map((one) => one.value);
  return node("li", "",
    node("h3", "", level, node("span", "", visible(says.title))),
    node("p", "quiet", visible(facts.concat(hosts).join(" · "))),
    node("p", "", visible(says.why)),
    says.disproof ? node("p", "quiet", word("disproof", { text: visible(says.disproof) })) : "",
    button("link", word("show-events", { count: count(finding.because.length) }), () => show(finding.id)));
}

function shape(name, values) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  made.setAttribute("class", name);
  for (const key in values) made.setAttribute(key, values[key]);
  return made;
}

/** Bars; `marks` are seconds at which findings begin; `pick` is called with a bin. */
function drawHistogram(svg, found, marks, pick) {
  svg.replaceChildren();
  if (!found.bins.length) return;
  const start = found.bins[0].start, last = found.bins[found.bins.length - 1].start;
  const slots = (last - start) / found.width + 1, high = 100;
  svg.setAttribute("viewBox", "0 0 " + slots * 10 + " " + (high + 10));
  svg.setAttribute("preserveAspectRatio", "none");
  const most = Math.max(...found.bins.map((bin) => bin.events));
  const marked = new Set(marks.map((at) => Math.floor((at - start) / found.width)));
  for (const bin of found.bins) {
    const slot = (bin.start - start) / found.width;
    // By logarithm, so that one event beside thousands is seen.
    const tall = Math.max(4, (high * Math.log1p(bin.events)) / Math.log1p(most));
    svg.append(shape("count", { x: slot * 10 + 1, y: high + 10 - tall, width: 8, height: tall }));
    if (marked.has(slot)) svg.append(shape("begun", { x: slot * 10 + 1, y: 0, width: 8, height: 5 }));
    const hit = shape("hit", { x: slot * 10, y: 0, width: 10, height: high + 10, tabindex: 0, role: "button" });
    const says = word("bar", { from: bin.from, to: bin.to, count: count(bin.events) });
    const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
    title.textContent = says;
    hit.append(title);
    hit.setAttribute("aria-label", says);
    hit.addEventListener("click", () => pick(bin));
    hit.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); pick(bin); } });
    svg.append(hit);
  }
}

function drawTable(table, rows) {
  table.replaceChildren();
  if (!rows.length) return;
  const names = Object.keys(rows[0]);
  const head = node("tr");
  for (const name of names) head.append(node("th", "", visible(name)));
  table.append(node("thead", "", head));
  const body = node("tbody");
  for (const row of rows) {
    const line = node("tr");
    for (const name of names) {
      const value = row[name];
      const text = value !== null && typeof value === "object" ? JSON.stringify(value) : String(value);
      line.append(node("td", value === null ? "null" : "", value === null ? "NULL" : visible(text)));
    }
    body.append(line);
  }
  table.append(body);
}
