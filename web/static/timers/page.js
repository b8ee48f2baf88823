// My timers: what is shown, and what a click does. Text from tools only ever becomes text.
import { Link } from "./link.js";
import { at, keyFor, overlay, same, worked, workedWithin } from "./model.js";
import { Store, uuid } from "./store.js";
import * as time from "./time.js";
import { Corrections } from "./correct.js";
import { choices, day, forgotten, captured, now } from "./parts.js";

const $ = (id) => document.getElementById(id);
const root = $("timers");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const query = `${root.dataset.query}&zone=${encodeURIComponent(zone)}`;

const store = new Store(root.dataset.name, () => draw());
const link = new Link(store, query, () => draw());
let found = null; // search results, null while nothing is searched
let words = "";

function state() {
  const known = store.day;
  const today = known ?? { timers: [], captured: [], mine: [], recent: [], single: true, name: "", zone, day: "", empty: true };
  const timers = overlay(today, store.actions);
  const current = [...timers].reverse().find((timer) => timer.state === "running") ?? null;
  return { today, timers, current, zone: today.zone || zone };
}

// Clicks

function click(kind, body, extra = {}) {
  store.add({ id: uuid(), kind, body: { at: new Date().toISOString(), ...body }, ...extra });
  link.flush();
}

function on(timer, kind) {
  click(kind, { timer: timer.timer, key: keyFor(kind, timer, store.device) });
  const name = subjectName(timer);
  say({ stop: `Stopped: ${name}`, pause: `Paused: ${name}`, resume: `Going on: ${name}` }[kind] ?? "");
}

function begin(subject) {
  const { timers, current } = state();
  const about = { ticket: subject.ticket, label: subject.label, title: subject.title, client: subject.client, client_name: subject.client_name };
  if (current && same(current, about)) return;
  if (current && !current.ticket && !current.client && (about.ticket || about.client)) return adopt(current, about);
  const waiting = [...timers].reverse().find((timer) => timer.state === "paused" && same(timer, about));
  const timer = waiting?.timer ?? uuid();
  const target = about.ticket ? { ticket: about.ticket } : about.client ? { client: about.client } : {};
  click("switch", { timer, key: keyFor("switch", waiting, store.device), ...target }, { subject: about });
  say(`Started: ${subjectName(about)}`);
}

/** A timer that was started on nothing gets its ticket. */
function adopt(timer, about) {
  const target = about.ticket ? { ticket: about.ticket } : { client: about.client };
  click("correct", { timer: timer.timer, key: keyFor("correct", timer, store.device), reason: "ticket_added", ...target }, { subject: about });
  say(`This timer is for ${subjectName(about)}`);
}

function write(timer, text) {
  if (text !== timer.note) click("note", { timer: timer.timer, key: keyFor("note", timer, store.device), text });
}

export function subjectName(subject) {
  return [subject.label, subject.title].filter(Boolean).join(" ") || subject.client_name || "no ticket yet";
}

function say(text) {
  $("announce").textContent = text;
}

const corrections = new Corrections({
  save(timer, body, subject) {
    click("correct", { timer: timer.timer, key: keyFor("correct", timer, store.device), ...body }, { subject });
    say(`Corrected: ${subjectName(timer)}`);
  },
  known: () => { const { today } = state(); return [...today.mine, ...today.recent].filter((one) => one.ticket); },
});

const acts = {
  begin, pause: (timer) => on(timer, "pause"), resume: (timer) => on(timer, "resume"), stop: (timer) => on(timer, "stop"),
  correct: (timer) => corrections.open(timer, state().zone),
  confirm: (timer) => click("correct", {
    timer: timer.timer, key: keyFor("correct", timer, store.device), reason: "estimate_confirmed", ended_at: timer.estimated_end,
  }),
};

// What is shown

function draw() {
  const view = state();
  const { today, timers, current } = view;
  $("who").textContent = today.name;
  $("today").textContent = today.begins ? dateLine(today, view.zone) : "";
  network();
  now(view, acts, $);
  forgotten($("forgotten"), view, acts);
  day($("day"), view, acts);
  captured($("captured"), view, acts);
  pick(view);
  fillNote(current);
  tick();
}

function pick(view) {
  const { today } = view;
  const lists = words ? [["Found", found ?? []]] : [["Mine", today.mine], ["Recent", today.recent.filter((one) => !today.mine.some((mine) => same(mine, one)))]];
  choices($("choices"), lists, words, view, acts);
}

function dateLine(today, where) {
  const begins = at(today.begins);
  const zoned = time.changes(begins, at(today.ends), where) ? ", the clocks change" : "";
  return `${time.longDate(begins, where)} · ${where}${zoned}`;
}

function fillNote(current) {
  $("current-note").hidden = !current;
  if (document.activeElement === $("note")) return; // whoever writes goes on writing, on that timer
  $("note").value = current?.note ?? "";
  $("note").dataset.timer = current?.timer ?? "";
}

function network() {
  const waiting = store.actions.filter((action) => !action.answered).length;
  const many = `${waiting} ${waiting === 1 ? "action" : "actions"}`;
  const texts = {
    away: `${many} ${waiting === 1 ? "waits" : "wait"} for the network. Go on working: nothing is lost.`,
    "signed-out": `You are signed out. ${waiting ? `${many} will be sent once you ` : "Please "}sign in again.`,
    reload: `${many} ${waiting === 1 ? "waits" : "wait"}: reload this page to send.`,
  };
  const trouble = link.trouble || (waiting && !navigator.onLine ? "away" : "");
  const text = trouble && (waiting || trouble === "signed-out") ? texts[trouble] : "";
  const line = $("network");
  line.hidden = !text;
  if (line.dataset.text !== text) {
    line.dataset.text = text;
    line.replaceChildren(text);
    if (trouble === "signed-out") line.append(" ", Object.assign(document.createElement("a"), { href: "/sign-in?next=/timers", textContent: "Sign in" }));
  }
  refusals();
}

function refusals() {
  const held = store.refused;
  $("refused").replaceChildren(...held.map((one) => {
    const box = Object.assign(document.createElement("div"), { className: "alert" });
    box.setAttribute("role", "alert");
    box.append(`${one.title}: ${subjectName(one.subject ?? {})}. ${one.detail} ${one.remedy} `);
    const button = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: "All right" });
    button.addEventListener("click", () => store.forgive());
    box.append(button);
    return box;
  }));
}

/** Clocks only: nothing else moves between two clicks. */
function tick() {
  const { today, timers, current } = state();
  const clock = current ? time.length(worked(current, Date.now())) : "0:00:00";
  $("current-clock").textContent = clock;
  document.title = `${current ? `${clock.slice(0, -3)} ${current.label || current.client_name || ""} · ` : ""}My timers · everyminute`;
  for (const cell of document.querySelectorAll("[data-clock]")) {
    const timer = timers.find((each) => each.timer === cell.dataset.clock);
    if (timer) cell.textContent = time.length(worked(timer, Date.now()));
  }
  const [begins, ends] = today.begins ? [at(today.begins), at(today.ends)] : [0, 0];
  const sum = timers.reduce((total, timer) => total + workedWithin(timer, begins, ends, Date.now()), 0);
  $("day-sum").textContent = timers.length ? `${time.length(sum)} h` : "";
}

// Search

let soon = 0;
let asked = 0;
$("search").addEventListener("input", () => {
  words = $("search").value.trim();
  clearTimeout(soon);
  if (!words) { found = null; return draw(); }
  soon = setTimeout(search, 120);
});

async function search() {
  const turn = ++asked;
  const { today } = state();
  const lower = words.toLowerCase();
  const local = [...today.mine, ...today.recent].filter((one, index, all) =>
    all.findIndex((other) => same(other, one)) === index && `${one.label} ${one.title} ${one.client_name}`.toLowerCase().includes(lower));
  found = found ?? local;
  try {
    const answer = await link.json(`tickets?q=${encodeURIComponent(words)}`);
    if (turn === asked) found = answer.results;
  } catch {
    if (turn === asked) found = local;
  }
  if (turn === asked) draw();
}

// Keys

const shortcuts = $("shortcuts");
shortcuts.checked = localStorage.getItem("everyminute.shortcuts") !== "off";
const keysShown = () => root.classList.toggle("no-keys", !shortcuts.checked);
shortcuts.addEventListener("change", () => { localStorage.setItem("everyminute.shortcuts", shortcuts.checked ? "on" : "off"); keysShown(); });
keysShown();

document.addEventListener("keydown", (event) => {
  const field = event.target.closest("input:not([type=checkbox]), textarea, select");
  if (event.key === "Escape" && field && !event.target.closest("dialog")) {
    if (field.id === "search") { field.value = ""; words = ""; found = null; draw(); }
    return field.blur();
  }
  if (field?.id === "search" && event.key === "Enter") return document.querySelector("#choices .choice:not([disabled])")?.click();
  if (field?.id === "search" && event.key === "ArrowDown") return document.querySelector("#choices .choice")?.focus();
  if (field || event.repeat || event.ctrlKey || event.metaKey || event.altKey || $("correct").open || !shortcuts.checked) return;
  const { current, timers } = state();
  const paused = [...timers].reverse().find((timer) => timer.state === "paused");
  const keys = {
    "/": () => $("search").focus(),
    n: () => current && $("note").focus(),
    s: () => current && acts.stop(current),
    p: () => (current ? acts.pause(current) : paused && acts.resume(paused)),
  };
  const line = /^[1-9]$/.test(event.key) ? document.querySelectorAll("#choices .choice")[Number(event.key) - 1] : null;
  if (!keys[event.key] && !line) return;
  event.preventDefault();
  if (line) line.click();
  else keys[event.key]();
});

$("note").addEventListener("change", () => {
  const timer = state().timers.find((each) => each.timer === $("note").dataset.timer);
  if (timer) write(timer, $("note").value.trim());
});
$("note").addEventListener("blur", () => fillNote(state().current));

draw();
link.listen();
link.flush();
link.refresh().catch((error) => { if (error.status === 401) { link.trouble = "signed-out"; draw(); } });
setInterval(tick, 1000);
