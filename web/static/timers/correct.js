// The dialog that corrects a timer: times of its zone, a reason, and which of two equal times when clocks went back.
import { at } from "./model.js";
import * as time from "./time.js";

const $ = (id) => document.getElementById(`correct-${id}`);

export class Corrections {
  constructor({ save, known }) {
    Object.assign(this, { save, known, dialog: document.getElementById("correct") });
    for (const side of ["start", "end"]) $(side).addEventListener("input", () => this.#twice());
    $("leave").addEventListener("click", () => this.dialog.close());
    this.dialog.querySelector("form").addEventListener("submit", (event) => { event.preventDefault(); this.#done(); });
  }

  open(timer, zone) {
    Object.assign(this, { timer, zone });
    const end = timer.state === "running" ? null : timer.estimated_end ?? timer.stretches.at(-1)?.ended_at ?? timer.ended_at;
    this.was = { start: at(timer.started_at), end: end ? at(end) : null };
    $("what").textContent = `${[timer.label, timer.title].filter(Boolean).join(" ") || timer.client_name || "No ticket yet"} · times in ${zone}`;
    $("start").value = time.wallText(this.was.start, zone);
    $("end").value = this.was.end ? time.wallText(this.was.end, zone) : "";
    $("ticket").value = timer.label;
    $("text").value = "";
    $("fault").textContent = "";
    $("reason").value = timer.state === "forgotten" ? "forgot_to_stop" : timer.state === "running" ? "forgot_to_start" : "wrong_time";
    document.getElementById("known-tickets").replaceChildren(
      ...this.known().map((one) => Object.assign(document.createElement("option"), { value: one.label, label: `${one.title} · ${one.client_name}` })));
    this.#twice();
    this.dialog.showModal();
  }

  /** Ask which one, where the clock showed a time twice. */
  #twice() {
    const box = $("twice");
    const chosen = Object.fromEntries([...box.querySelectorAll("input:checked")].map((one) => [one.name, one.value]));
    const parts = ["start", "end"].flatMap((side) => {
      const found = time.instants($(side).value, this.zone);
      if (found.length < 2) return [];
      const wanted = chosen[side] ?? String(found.find((ms) => Math.floor(ms / 1000) === Math.floor((this.was[side] ?? 0) / 1000)) ?? found[0]);
      return found.map((ms) => {
        const radio = Object.assign(document.createElement("input"), { type: "radio", name: side, value: String(ms), checked: String(ms) === wanted });
        const label = document.createElement("label");
        label.append(radio, `${side === "start" ? "Started" : "Ended"} ${time.clock(ms, this.zone, true)}`);
        return label;
      });
    });
    box.replaceChildren(box.querySelector("legend"), ...parts);
    box.hidden = !parts.length;
  }

  /** The instant of a field; undefined where it says what it said before; null where it cannot be. */
  #instant(side) {
    const text = $(side).value;
    if (!text) return undefined;
    if (this.was[side] !== null && text.padEnd(19, ":00") === time.wallText(this.was[side], this.zone)) {
      const radio = $("twice").querySelector(`input[name=${side}]:checked`);
      if (!radio || Math.floor(Number(radio.value) / 1000) === Math.floor(this.was[side] / 1000)) return undefined;
    }
    const found = time.instants(text, this.zone);
    if (found.length < 2) return found[0] ?? null;
    return Number($("twice").querySelector(`input[name=${side}]:checked`)?.value ?? found[0]);
  }

  #done() {
    const start = this.#instant("start");
    let end = this.#instant("end");
    const open = ["running", "paused", "forgotten"].includes(this.timer.state);
    if (end === undefined && this.timer.state === "forgotten") end = this.was.end ?? undefined;
    const from = start ?? this.was.start;
    const until = end ?? this.was.end;
    if (start === null || end === null) return this.#fault("This time did not exist that day: the clocks went forward over it.");
    if (until !== null && until < from) return this.#fault("It would end before it starts.");
    if (Math.max(from, until ?? 0) > Date.now() + 60_000) return this.#fault("That lies in the future.");
    if (end === undefined && this.timer.state === "forgotten" && open) return this.#fault("Say when it ended.");
    const ticket = $("ticket").value.trim();
    const subject = ticket && ticket !== this.timer.label ? this.#subject(ticket) : null;
    if (start === undefined && end === undefined && !subject) return this.#fault("Nothing has been changed.");
    const body = { reason: $("reason").value };
    if (start !== undefined) body.started_at = new Date(start).toISOString();
    if (end !== undefined) body.ended_at = new Date(end).toISOString();
    if (subject) body.ticket = subject.ticket;
    if ($("text").value.trim()) body.text = $("text").value.trim();
    this.dialog.close();
    this.save(this.timer, body, subject);
  }

  #subject(text) {
    return this.known().find((one) => one.label === text) ?? { ticket: text, label: text, title: "", client: null, client_name: "" };
  }

  #fault(text) {
    $("fault").textContent = text;
  }
}
