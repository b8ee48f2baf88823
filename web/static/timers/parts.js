// The parts of the page. Each is made anew when something changed, and whoever had the focus keeps it.
import { at, same, worked } from "./model.js";
import * as time from "./time.js";

const KINDS = { remote_session: "Remote session", script_run: "Script", ticket_timer: "Timer of another tool" };

function make(tag, properties = {}, ...children) {
  const { data = {}, label, ...rest } = properties;
  const node = Object.assign(document.createElement(tag), rest);
  Object.assign(node.dataset, data);
  if (label) node.setAttribute("aria-label", label);
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

/** A button whose second click of a double click is none. `hint` is its key. */
function button(text, focus, act, { hint = "", className = "", label = "" } = {}) {
  const node = make("button", { type: "button", className, data: { focus }, label }, text);
  if (hint) {
    node.append(make("kbd", { className: "hint", ariaHidden: "true" }, hint));
    node.setAttribute("aria-keyshortcuts", hint);
  }
  node.addEventListener("click", (event) => { if (event.detail < 2) act(); });
  return node;
}

/** Replace what is in a box, if it differs; keep the focus where it was. */
function fill(box, key, nodes) {
  const text = JSON.stringify(key);
  if (box.dataset.key === text) return;
  box.dataset.key = text;
  const focus = box.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
  box.replaceChildren(...nodes());
  if (focus) box.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus();
}

function name(subject) {
  if (subject.label) return [make("b", {}, subject.label), " ", subject.title ?? ""];
  return [subject.client_name || make("em", { className: "muted" }, "no ticket yet")];
}

const plain = (subject) => [subject.label, subject.title].filter(Boolean).join(" ") || subject.client_name || "no ticket yet";

function span(from, until, view) {
  const named = time.changes(at(view.today.begins ?? from), at(view.today.ends ?? from), view.zone);
  const earlier = view.today.begins && at(from) < at(view.today.begins) ? `${time.shortDate(at(from), view.zone)}, ` : "";
  const start = `${earlier}${time.clock(at(from), view.zone, named)}`;
  return until ? `${start} – ${time.clock(at(until), view.zone, named)}` : `since ${start}`;
}

// The timer that runs

export function now(view, acts, $) {
  const { current, timers, today } = view;
  const box = $("current");
  box.className = `hero now ${current ? "running" : "idle"}`;
  const key = [current?.timer, current?.started_at, current && plain(current), current?.client_name, current?.pending, view.zone, today.empty];
  fill($("current-keys"), key, () => {
    $("current-state").textContent = current ? `Running ${span(current.started_at, null, view)}` : today.empty ? "Loading" : "Nothing runs";
    $("current-title").replaceChildren(...(current ? name(current) : [today.empty ? "\u00a0" : "One click below starts a timer"]));
    $("current-client").textContent = current?.label ? current.client_name : current && !current.client ? "Choose a ticket below: this timer takes it" : "";
    if (!current) return today.empty ? [] : [button("Start now, choose later", "start", () => acts.begin({}))];
    return [
      button("Pause", "pause", () => acts.pause(current), { hint: "p", className: "quiet" }),
      button("Stop", "stop", () => acts.stop(current), { hint: "s" }),
      button("It began earlier…", "correct", () => acts.correct(current), { className: "quiet" }),
    ];
  });
}

// Timers nobody stopped

export function forgotten(box, view, acts) {
  const held = view.timers.filter((timer) => timer.state === "forgotten");
  fill(box, [held.map((timer) => [timer.timer, timer.estimated_end, timer.pending]), view.zone], () => held.map((timer) => {
    const end = timer.estimated_end;
    const day = time.longDate(at(timer.started_at), view.zone);
    const began = `Started ${day} at ${time.clock(at(timer.started_at), view.zone)}.`;
    const long = end ? time.spoken((at(end) - at(timer.open_from ?? timer.started_at)) / 1000 + timer.seconds) : "";
    const text = !end ? `${began} Its end is inferred within the hour.`
      : timer.flags.includes("capped_end") ? `${began} Nothing tells when it ended. Unless you say, it counts the longest time allowed: until ${time.clock(at(end), view.zone)}, ${long}.`
      : `${began} It seems to have ended at ${time.clock(at(end), view.zone)}, at your last sign of work: ${long}.`;
    return make("section", { className: "card forgot" },
      make("h2", {}, "You did not stop this timer"),
      make("p", {}, ...name(timer), timer.client_name && timer.label ? ` · ${timer.client_name}` : ""),
      make("p", {}, text),
      make("div", { className: "buttons" },
        end ? button("That is right", `right:${timer.timer}`, () => acts.confirm(timer)) : null,
        button("It ended at…", `end:${timer.timer}`, () => acts.correct(timer), { className: "quiet" })));
  }));
}

// What to start

export function choices(box, lists, words, view, acts) {
  const key = [lists, words, view.current && [view.current.timer, view.current.ticket, view.current.client], view.timers.map((timer) => [timer.ticket, timer.state])];
  fill(box, key, () => {
    let number = 0;
    const shown = lists.filter(([, subjects]) => subjects.length).map(([title, subjects]) => {
      const rows = subjects.map((subject) => make("li", {}, choice(subject, ++number, view, acts)));
      return [make("h3", {}, title), make("ul", { className: "choices" }, ...rows)];
    });
    if (words && !lists[0][1].some((one) => one.label === words)) shown.push([unknown(words, ++number, view, acts)]);
    if (!shown.length) shown.push([make("p", { className: "muted" }, "No open ticket is assigned to you. Search for one, or start now and choose later.")]);
    return shown.flat();
  });
}

function choice(subject, number, view, acts) {
  const { current, timers } = view;
  const runs = same(current, subject);
  const waits = timers.some((timer) => timer.state === "paused" && same(timer, subject));
  const loose = current && !current.ticket && !current.client;
  const verb = runs ? "Running" : loose ? "Use for this timer" : waits ? "Go on" : current ? "Switch" : "Start";
  const node = make("button", { type: "button", className: "choice", disabled: runs, data: { focus: `start:${subject.ticket ?? subject.client}` } },
    make("kbd", { ariaHidden: "true" }, number <= 9 ? String(number) : ""),
    make("span", { className: "what" }, ...name(subject), subject.label ? make("small", {}, subject.client_name) : make("small", {}, "client, no ticket")),
    make("span", { className: "verb" }, verb));
  node.addEventListener("click", (event) => { if (event.detail < 2) acts.begin(subject); });
  return node;
}

function unknown(words, number, view, acts) {
  const node = choice({ ticket: words, label: words, title: "", client: null, client_name: "nobody knows this number yet" }, number, view, acts);
  return make("ul", { className: "choices" }, make("li", {}, node));
}

// The day

const STATES = { paused: "paused", superseded: "ended by the next timer", forgotten: "not stopped" };

export function day(box, view, acts) {
  const timers = [...view.timers].reverse();
  const key = [timers.map(({ keys, ...timer }) => timer), view.zone, view.today.empty];
  fill(box, key, () => timers.length ? timers.map((timer) => row(timer, view, acts)) : [make("li", { className: "none" }, view.today.empty ? "Loading" : "No timer yet today.")]);
}

function row(timer, view, acts) {
  const until = ["running", "forgotten"].includes(timer.state) ? null : timer.ended_at ?? timer.stretches.at(-1)?.ended_at ?? timer.started_at;
  const tags = [
    timer.pending ? make("span", { className: "tag wait" }, "not saved yet") : null,
    timer.flags.includes("corrected") ? make("span", { className: "tag plain" }, "corrected") : null,
    STATES[timer.state] ? make("span", { className: "tag plain" }, STATES[timer.state]) : null,
  ].filter(Boolean);
  const what = plain(timer);
  const paused = timer.state === "paused";
  return make("li", {},
    make("span", { className: "name" }, ...name(timer)),
    make("span", { className: "long", data: timer.state === "running" ? { clock: timer.timer } : {} }, timer.state === "forgotten" ? "?" : time.length(worked(timer, Date.now()))),
    make("span", { className: "meta" }, span(timer.started_at, until, view), timer.label ? ` · ${timer.client_name}` : "", timer.stretches.length > 1 ? ` · ${timer.stretches.length} stretches` : "", " ", ...tags, timer.note ? make("span", {}, make("br"), timer.note) : null),
    make("span", { className: "acts" },
      paused ? button("Go on", `resume:${timer.timer}`, () => acts.resume(timer), { className: "quiet small", label: `Go on: ${what}` }) : null,
      paused ? button("Stop", `stop:${timer.timer}`, () => acts.stop(timer), { className: "quiet small", label: `Stop: ${what}` }) : null,
      timer.state !== "running" ? button("Correct", `correct:${timer.timer}`, () => acts.correct(timer), { className: "quiet small", label: `Correct: ${what}` }) : null));
}

// Beside it

export function captured(box, view, acts) {
  const items = view.today.captured;
  const running = new Set([view.current?.ticket]);
  fill(box, [items, view.zone, [...running]], () => items.length ? items.map((item) => seen(item, view, acts, running)) : [make("li", { className: "none" }, "Remote sessions and scripts appear here by themselves.")]);
  const sum = items.filter((item) => item.kind !== "script_run").reduce((total, item) => total + item.seconds, 0);
  document.getElementById("captured-sum").textContent = sum ? `${time.length(sum)} h` : "";
}

function seen(item, view, acts, running) {
  const kind = item.automatic ? "Opened ticket" : KINDS[item.kind] ?? item.kind;
  const where = item.device || item.tool;
  const can = item.running && item.ticket && !running.has(item.ticket);
  return make("li", {},
    make("span", { className: "name" }, make("b", {}, kind), " ", where),
    make("span", { className: "long" }, time.length(item.seconds)),
    make("span", { className: "meta" }, span(item.started_at, item.running ? null : item.ended_at, view), " · ", ...(item.label ? [item.label, item.title ? ` ${item.title}` : ""] : []), item.client_name ? `${item.label ? " · " : ""}${item.client_name}` : item.label ? "" : "not linked yet"),
    make("span", { className: "acts" }, can ? button("Start a timer", `seen:${item.id}`, () => acts.begin(item), { className: "quiet small", label: `Start a timer: ${plain(item)}` }) : null));
}
