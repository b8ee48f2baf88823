// What survives a reload and is shared by all tabs: the clicks that wait, and the last day the server told.

export class Store {
  /** `name` tells one technician's things from another's on the same machine. */
  constructor(name, changed) {
    this.name = `everyminute.${name}`;
    addEventListener("storage", (event) => { if (event.key?.startsWith(this.name)) changed(); });
    this.changed = changed;
  }

  read(what, otherwise) {
    try {
      return JSON.parse(localStorage.getItem(`${this.name}.${what}`)) ?? otherwise;
    } catch {
      return otherwise;
    }
  }

  write(what, value) {
    localStorage.setItem(`${this.name}.${what}`, JSON.stringify(value));
    this.changed();
  }

  get actions() { return this.read("actions", []); }
  get refused() { return this.read("refused", []); }
  get day() { return this.read("day", null); }

  get device() {
    let id = localStorage.getItem("everyminute.device");
    if (!id) localStorage.setItem("everyminute.device", (id = uuid().slice(0, 8)));
    return id;
  }

  add(action) { this.write("actions", [...this.actions, action]); }
  drop(ids) { this.write("actions", this.actions.filter((action) => !ids.includes(action.id))); }

  refuse(action, problem) {
    this.write("refused", [...this.refused, { id: action.id, kind: action.kind, subject: action.subject, ...problem }]);
    this.drop([action.id]);
  }

  forgive() { this.write("refused", []); }

  /** An older day never replaces a newer one. */
  keep(day) {
    const known = this.day;
    if (known && known.day === day.day && known.now > day.now) return;
    this.write("day", day);
  }
}

export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID(); // secure contexts only
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
