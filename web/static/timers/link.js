// To the server and back: clicks go out one after the other, by one tab at a time, until they are answered.

const TRY_AGAIN = [2, 4, 8, 15, 30]; // seconds
const LATER = [401, 403, 408, 421, 425, 429]; // not the click's own fault: it waits

export class Link {
  constructor(store, query, told) {
    Object.assign(this, { store, query, told, tries: 0, timer: null, trouble: "" });
    addEventListener("online", () => this.flush());
  }

  async ask(path, options = {}) {
    const token = document.querySelector("meta[name=csrf-token]")?.content ?? "";
    const separator = path.includes("?") ? "&" : "?";
    return fetch(`/v1/timers/${path}${separator}${this.query}`, {
      ...options, cache: "no-store", headers: { "X-CSRF-Token": token, "Content-Type": "application/json" },
    });
  }

  async json(path) {
    const answer = await this.ask(path);
    if (!answer.ok) throw Object.assign(new Error(path), { status: answer.status });
    return answer.json();
  }

  async refresh() {
    const asked = this.store.actions.filter((action) => action.answered).map((action) => action.id);
    const day = await this.json("day");
    this.store.keep(day);
    if (asked.length) this.store.drop(asked); // the day tells of them by now
    return day;
  }

  /** Send what waits. Only one tab does at a time; the others see it in the store. */
  flush() {
    clearTimeout(this.timer);
    const work = () => this.#drain();
    const locks = navigator.locks;
    return locks ? locks.request(`${this.store.name}.send`, work) : work();
  }

  async #drain() {
    for (;;) {
      const action = this.store.actions.find((each) => !each.answered);
      if (!action) break;
      const trouble = await this.#send(action);
      if (trouble !== "") return this.#later(trouble);
    }
    try {
      if (this.store.actions.length) await this.refresh();
    } catch (error) {
      return this.#later(error.status === 401 ? "signed-out" : "away");
    }
    this.tries = 0;
    this.#say("");
  }

  /** "" when it is done with; else why it waits. */
  async #send(action) {
    let answer;
    try {
      const body = JSON.stringify({ ...action.body, sent_at: new Date().toISOString() });
      answer = await this.ask(action.kind, { method: "POST", body });
    } catch {
      return "away";
    }
    if (answer.ok) {
      this.store.write("actions", this.store.actions.map((each) => (each.id === action.id ? { ...each, answered: true } : each)));
      return "";
    }
    if (answer.status >= 500) return "away";
    if (LATER.includes(answer.status)) return answer.status === 401 ? "signed-out" : answer.status === 403 ? "reload" : "away";
    const problem = await answer.json().catch(() => ({}));
    this.store.refuse(action, { title: problem.title ?? "Refused", detail: problem.detail ?? "", remedy: problem.remedy ?? "" });
    return "";
  }

  #later(trouble) {
    this.#say(trouble);
    const seconds = TRY_AGAIN[Math.min(this.tries++, TRY_AGAIN.length - 1)];
    this.timer = setTimeout(() => this.flush(), seconds * 1000);
  }

  #say(trouble) {
    this.trouble = trouble;
    this.told();
  }

  /** Whatever changes, wherever it was clicked. One tab listens for all of them: browsers keep few connections. */
  listen() {
    const forever = () => new Promise(() => this.#open());
    if (navigator.locks) navigator.locks.request(`${this.store.name}.live`, forever);
    else this.#open();
  }

  #open() {
    const source = new EventSource(`/v1/timers/live?${this.query}`);
    source.addEventListener("day", (event) => this.store.keep(JSON.parse(event.data)));
    source.addEventListener("open", () => this.flush());
    source.addEventListener("error", async () => {
      if (source.readyState !== EventSource.CLOSED) return; // it comes back by itself
      const refused = await this.refresh().then(() => 0, (error) => error.status);
      if (refused === 401) this.#say("signed-out");
      setTimeout(() => this.#open(), 5000);
    });
  }
}
