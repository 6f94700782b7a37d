// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The page: recordings, faults and requests, as the stand-in tells them. Every text that came from a
// client is set as text, never as HTML.

import { Player } from "./player.js";
import { bytesText, clockText, rateText, secondsText, watch } from "./watch.js";

const $ = (id) => document.getElementById(id);

const kMostRequests = 100;
const kMinute = 60; // seconds that a curve shows

// An element with properties, dataset and children in one line.
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

const put = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

let serverNow = 0; // the server's clock when it last told something
let heardAt = 0; // ours at that moment
const now = () => serverNow + performance.now() - heardAt;

let state = { recordings: [], switches: [], troubles: [], away: false };
let chosen = null; // key of what the player shows
let chosenByHand = false;

/* ---------------------------------------------------------- recordings */

const player = new Player($("video"), $("player-line"));
const histories = new Map(); // key: [[ms, bytes], …], oldest first
const cards = new Map(); // key: the elements of its card

const titleOf = (recording) => recording.name || "Without a name";
const isGrowing = (recording) => recording.started && !recording.finished && !recording.removed;

function remember(recording) {
  const history = histories.get(recording.key) ?? [];
  histories.set(recording.key, history);
  const last = history.at(-1);
  if (!last || last[1] !== recording.bytes) history.push([now(), recording.bytes]);
  while (history.length > 2 && history[1][0] < now() - (kMinute + 5) * 1000) history.shift();
}

// Bits per second of each of the last `kMinute` seconds; the newest is the last.
function rates(history) {
  const seconds = new Array(kMinute).fill(0);
  const end = now();
  for (let i = 1; i < history.length; ++i) {
    const [begin, before] = history[i - 1];
    const [time, bytes] = history[i];
    const slot = kMinute - 1 - Math.floor((end - time) / 1000);
    // what came in one piece after a silence has come then, not all the time before
    if (slot >= 0 && time >= begin) seconds[slot] += Math.max(bytes - before, 0) * 8;
  }
  return seconds;
}

function currentRate(history) {
  const span = 3000;
  const recent = history.filter(([time]) => time >= now() - span);
  const before = history.findLast(([time]) => time < now() - span) ?? history[0];
  if (!before || recent.length === 0) return 0;
  return (Math.max(recent.at(-1)[1] - before[1], 0) * 8000) / Math.max(now() - Math.max(before[0], now() - span), 1000);
}

const kSvg = "http://www.w3.org/2000/svg";

function makeCurve() {
  const svg = document.createElementNS(kSvg, "svg");
  svg.setAttribute("viewBox", `0 0 ${kMinute} 20`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.classList.add("curve");
  const bands = document.createElementNS(kSvg, "g");
  const path = document.createElementNS(kSvg, "path");
  svg.append(bands, path);
  return { svg, bands, path };
}

// A bar for each second, and a band wherever something was switched on.
function drawCurve(curve, history, rate) {
  const seconds = rates(history);
  const most = Math.max(...seconds, 1e5);
  curve.path.setAttribute(
    "d",
    seconds
      .map((value, i) => (value ? `M${i + 0.1} 20V${(20 - (value / most) * 19).toFixed(2)}h.8V20z` : ""))
      .join(""),
  );
  const end = now();
  curve.bands.replaceChildren(
    ...state.troubles
      .map(({ since, until }) => [
        Math.max(kMinute - (end - since) / 1000, 0),
        kMinute - (end - (until ?? end)) / 1000,
      ])
      .filter(([, to]) => to > 0)
      .map(([from, to]) => {
        const band = document.createElementNS(kSvg, "rect");
        band.setAttribute("x", from.toFixed(2));
        band.setAttribute("width", Math.max(to - from, 0.2).toFixed(2));
        band.setAttribute("height", "20");
        return band;
      }),
  );
  curve.svg.setAttribute(
    "aria-label",
    `Rate in the last minute: at most ${rateText(Math.max(...seconds))}, now ${rateText(rate)}`,
  );
}

function makeCard(recording) {
  const card = {
    name: make("span", { className: "name" }),
    facts: make("p", { className: "facts" }),
    note: make("p", { className: "note" }),
    curve: makeCurve(),
  };
  card.button = make(
    "button",
    { type: "button", "aria-pressed": "false", onclick: () => choose(recording.key, true) },
    "Watch",
  );
  card.item = make(
    "li",
    { className: "recording" },
    make("div", { className: "title-row" }, make("h3", {}, card.name), card.button),
    card.facts,
    card.curve.svg,
    card.note,
  );
  return card;
}

function factsOf(recording, rate) {
  const facts = [];
  if (recording.video) facts.push(`Video ${recording.video}, status ${recording.status}`);
  facts.push(recording.started ? bytesText(recording.bytes) : "no upload yet");
  if (recording.parts > 1) facts.push(`${recording.parts} parts`);
  if (isGrowing(recording)) facts.push(rateText(rate));
  return facts.join(" · ");
}

function noteOf(recording, history) {
  if (recording.error) return recording.error;
  if (recording.removed) return "The upload was removed.";
  if (recording.finished)
    return `Complete since ${clockText(recording.completed)}. SHA-256 ${recording.sha256}`;
  if (!recording.started) return "";
  const notes = [];
  if (recording.length !== null && recording.length > recording.bytes)
    notes.push(`${bytesText(recording.length - recording.bytes)} of ${bytesText(recording.length)} are still to come.`);
  const silence = now() - (history.at(-1)?.[0] ?? now());
  if (silence > 3000) notes.push(`No new byte for ${secondsText(silence)}.`);
  return notes.join(" ");
}

function fillCard(card, recording) {
  const history = histories.get(recording.key) ?? [];
  const rate = currentRate(history);
  const growing = isGrowing(recording);
  put(card.name, titleOf(recording));
  put(card.facts, factsOf(recording, rate));
  put(card.note, noteOf(recording, history));
  card.note.classList.toggle("bad", Boolean(recording.error) || (growing && card.note.textContent.includes("No new")));
  card.item.classList.toggle("growing", growing);
  card.curve.svg.toggleAttribute("hidden", !growing && !history.some(([time], i) => i > 0 && time > now() - kMinute * 1000));
  card.button.setAttribute("aria-pressed", String(recording.key === chosen));
  card.button.setAttribute("aria-label", `Watch ${titleOf(recording)}`);
  card.button.disabled = !recording.started;
  drawCurve(card.curve, history, rate);
}

function showRecordings() {
  const list = $("recordings");
  const keys = new Set(state.recordings.map(({ key }) => key));
  for (const [key, card] of cards) {
    if (keys.has(key)) continue;
    card.item.remove();
    cards.delete(key);
    histories.delete(key);
  }
  state.recordings.forEach((recording, place) => {
    if (!cards.has(recording.key)) cards.set(recording.key, makeCard(recording));
    const card = cards.get(recording.key);
    fillCard(card, recording);
    if (list.children[place] !== card.item) list.insertBefore(card.item, list.children[place] ?? null);
  });
  $("no-recordings").hidden = keys.size > 0;
}

function choose(key, byHand) {
  const recording = state.recordings.find((one) => one.key === key);
  chosen = key;
  chosenByHand = chosenByHand || byHand;
  put($("playing"), recording ? titleOf(recording) : "");
  player.show(recording, { play: byHand });
  const link = $("download");
  link.hidden = !recording?.stored;
  link.href = `media/${key}`;
  link.download = recording?.name || "recording";
  for (const [other, card] of cards) card.button.setAttribute("aria-pressed", String(other === key));
}

// The newest is shown until somebody has chosen another.
function follow() {
  const newest = state.recordings.find((one) => one.started);
  const current = state.recordings.find((one) => one.key === chosen);
  if (!current && newest) choose(newest.key, false);
  else if (!chosenByHand && newest && newest.key !== chosen && $("video").paused) choose(newest.key, false);
  else if (current) {
    put($("playing"), titleOf(current));
    player.update(current);
  }
}

$("from-start").onclick = () => player.recording && player.restart("start");
$("from-end").onclick = () => player.recording && player.restart("end");

/* -------------------------------------------------------------- faults */

const token = document.querySelector("meta[name=standin-token]").content;
const switches = new Map();

async function order(name, on) {
  const error = $("switch-error");
  error.hidden = true;
  try {
    const answer = await fetch("faults", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Standin-Token": token },
      body: JSON.stringify({ name, on }),
    });
    if (!answer.ok) throw new Error((await answer.text()).trim());
  } catch (why) {
    put(error, `That did not work: ${why.message}`);
    error.hidden = false;
  }
}

function makeSwitch({ name, label, about }) {
  const button = make("button", {
    type: "button",
    role: "switch",
    id: `switch-${name}`,
    "aria-checked": "false",
    "aria-describedby": `about-${name}`,
    onclick: () => order(name, button.getAttribute("aria-checked") !== "true"),
  });
  button.append(make("span", { className: "knob", "aria-hidden": "true" }), label);
  const hits = make("span", { className: "hits" });
  const text = make("p", { id: `about-${name}`, className: "about" }, about, " ", hits);
  return { button, hits, item: make("li", {}, button, text) };
}

function showSwitches() {
  for (const one of state.switches) {
    if (!switches.has(one.name)) {
      switches.set(one.name, makeSwitch(one));
      $("switches").append(switches.get(one.name).item);
    }
    const { button, hits } = switches.get(one.name);
    button.setAttribute("aria-checked", String(one.on));
    put(hits, one.hits ? `Requests hit: ${one.hits}.` : "");
  }
}

function showTroubles() {
  const labels = new Map(state.switches.map(({ name, label }) => [name, label]));
  const rows = state.troubles.slice(-8).reverse();
  const list = $("troubles");
  while (list.children.length > rows.length) list.lastChild.remove();
  rows.forEach(({ name, since, until }, place) => {
    const item = list.children[place] ?? list.appendChild(make("li"));
    const span = secondsText((until ?? now()) - since);
    put(item, `${clockText(since)} ${labels.get(name) ?? name}, ${until ? span : `for ${span} so far`}`);
    item.classList.toggle("bad", !until);
  });
  $("no-troubles").hidden = rows.length > 0;
}

function showServer(connected) {
  const line = $("server");
  put(
    line,
    !connected
      ? "The stand-in has ended, or cannot be reached."
      : state.away
        ? "The server is away."
        : "The server is here.",
  );
  line.classList.toggle("bad", !connected || state.away);
}

/* ------------------------------------------------------------ requests */

const rows = new Map(); // id: elements
let held = false;
let waiting = [];

function resultOf(row) {
  if (row.status) return String(row.status);
  return row.over ? "cut off" : "…";
}

function detailOf(row) {
  const details = [];
  if (row.purpose) details.push(row.purpose);
  if (row.offset) details.push(`at ${row.offset}`);
  if (row.bytes) details.push(bytesText(row.bytes));
  return details.join(", ");
}

function makeRow() {
  const cells = {};
  for (const name of ["time", "method", "path", "detail", "result", "fault"])
    cells[name] = make("span", { className: name });
  return { ...cells, item: make("li", {}, ...Object.values(cells)) };
}

function showRequests(list) {
  if (held) {
    waiting.push(...list);
    waiting = waiting.slice(-2 * kMostRequests);
    return;
  }
  for (const row of list) {
    if (!rows.has(row.id)) {
      rows.set(row.id, makeRow());
      $("requests").prepend(rows.get(row.id).item);
    }
    const cells = rows.get(row.id);
    put(cells.time, clockText(row.at));
    put(cells.method, row.method);
    put(cells.path, row.path);
    put(cells.detail, detailOf(row));
    put(cells.result, resultOf(row));
    put(cells.fault, row.faults.length ? `fault: ${row.faults.join("; ")}` : "");
    const bad = row.status >= 400 || (row.over && !row.status);
    cells.result.classList.toggle("bad", bad);
  }
  for (const [id, { item }] of rows) {
    if (rows.size <= kMostRequests) break;
    item.remove();
    rows.delete(id);
  }
}

$("hold").onclick = () => {
  held = !held;
  $("hold").setAttribute("aria-pressed", String(held));
  if (!held) showRequests(waiting.splice(0));
};

/* ----------------------------------------------------------------- all */

function showAll() {
  showRecordings();
  showSwitches();
  showTroubles();
}

watch({
  connected: showServer,
  requests: showRequests,
  state(told, time) {
    state = told;
    serverNow = time;
    heardAt = performance.now();
    state.recordings.forEach(remember);
    put($("totals"), `${state.requests} requests, ${bytesText(state.bytes)} received`);
    follow();
    showServer(true);
    showAll();
  },
});

// What only the clock changes.
setInterval(showAll, 1000);
