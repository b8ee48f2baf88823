// What a technician sees: the server's day, and on top of it the clicks that the server does not tell of yet.

const iso = (ms) => new Date(ms).toISOString();
export const at = (text) => Date.parse(text);

/** Seconds worked on a timer until an instant (ms). */
export function worked(timer, now) {
  const running = timer.state === "running" && timer.open_from ? Math.max(0, now - at(timer.open_from)) : 0;
  return timer.seconds + Math.floor(running / 1000);
}

/** Of those, the seconds that lie in a day. */
export function workedWithin(timer, begins, ends, now) {
  const stretches = timer.stretches.map((each) => [at(each.started_at), at(each.ended_at)]);
  if (timer.state === "running" && timer.open_from) stretches.push([at(timer.open_from), now]);
  const inside = ([from, until]) => Math.max(0, Math.floor(Math.min(until, ends) / 1000) - Math.floor(Math.max(from, begins) / 1000));
  return stretches.reduce((sum, stretch) => sum + inside(stretch), 0);
}

export const same = (one, other) =>
  one && other && (one.ticket ? one.ticket === other.ticket : !other.ticket && one.client === other.client);

function close(timer, ms) {
  if (timer.open_from === null) return;
  const began = at(timer.open_from);
  const end = Math.max(began, ms);
  timer.stretches = [...timer.stretches, { started_at: timer.open_from, ended_at: iso(end) }];
  timer.seconds += Math.floor(end / 1000) - Math.floor(began / 1000);
  timer.open_from = null;
}

const signals = {
  start(timer, ms) { Object.assign(timer, { state: "running", open_from: timer.open_from ?? iso(ms), ended_at: null }); },
  resume(timer, ms) { signals.start(timer, ms); },
  pause(timer, ms) { close(timer, ms); if (timer.state === "running") timer.state = "paused"; },
  stop(timer, ms) { close(timer, ms); Object.assign(timer, { state: "stopped", ended_at: iso(ms) }); },
};

function fresh(action) {
  return {
    ...action.subject, timer: action.body.timer, state: "running", started_at: action.body.at, open_from: null,
    ended_at: null, stretches: [], seconds: 0, keys: [], note: "", flags: [], estimated_end: null, activity: "",
  };
}

function put(timers, action, single) {
  const { kind, body } = action;
  const ms = at(body.at);
  let timer = timers.find((each) => each.timer === body.timer);
  if (timer?.keys.includes(body.key)) return;
  if (!timer) {
    if (kind !== "start" && kind !== "switch") return;
    timer = fresh(action);
    timers.push(timer);
  }
  timer.pending = true;
  timer.keys = [...timer.keys, body.key];
  if (kind === "switch" || (single && (kind === "start" || kind === "resume"))) {
    for (const other of timers) if (other !== timer && other.state === "running") signals.pause(other, ms);
  }
  if (kind in signals || kind === "switch") signals[kind === "switch" ? "resume" : kind](timer, ms);
  if (body.note) timer.note = body.note;
  if (kind === "note") timer.note = body.text;
  if (kind === "correct") correct(timer, action);
}

function correct(timer, { body, subject }) {
  if (subject) Object.assign(timer, subject);
  if (body.started_at) timer.started_at = body.started_at;
  if (body.ended_at) Object.assign(timer, { ended_at: body.ended_at, state: "stopped", open_from: null });
  if (body.started_at && timer.stretches.length) timer.stretches[0] = { ...timer.stretches[0], started_at: body.started_at };
  else if (body.started_at && timer.open_from) timer.open_from = body.started_at;
  timer.flags = [...new Set([...timer.flags, "corrected"])];
}

/** The timers as they are once all these clicks have arrived. */
export function overlay(day, actions) {
  const timers = day.timers.map((timer) => ({ ...timer, keys: [...timer.keys] }));
  for (const action of actions) put(timers, action, day.single);
  return timers.sort((one, other) => at(one.started_at) - at(other.started_at));
}

/** A click of the same kind on the same state is the same click, in whichever tab; another device's is another. */
export function keyFor(kind, timer, device) {
  return `${kind}-${timer ? timer.keys.length : 0}-${device}`;
}
