// Instants and lengths as people read them. Lengths are seconds that really passed, whatever the clocks did meanwhile.

const parts = new Map();

function formatter(zone, options) {
  const key = zone + JSON.stringify(options);
  if (!parts.has(key)) parts.set(key, new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options }));
  return parts.get(key);
}

/** Milliseconds between the wall clock of a zone and UTC at an instant. */
export function offset(ms, zone) {
  const fields = Object.fromEntries(
    formatter(zone, {
      year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
      hourCycle: "h23",
    }).formatToParts(ms).map((part) => [part.type, Number(part.value)]),
  );
  const wall = Date.UTC(fields.year, fields.month - 1, fields.day, fields.hour, fields.minute, fields.second);
  return wall - Math.floor(ms / 1000) * 1000;
}

/** The instants that a wall clock shows as this text (2026-03-29T02:30): none, one, or two when clocks go back. */
export function instants(text, zone) {
  const wall = Date.parse(`${text}Z`);
  if (Number.isNaN(wall)) return [];
  const offsets = new Set([-26, 0, 26].map((hours) => offset(wall + hours * 3_600_000, zone)));
  return [...offsets].map((each) => wall - each).filter((ms) => wall - offset(ms, zone) === ms).sort((a, b) => a - b);
}

/** The text of a datetime-local field. */
export function wallText(ms, zone) {
  return new Date(ms + offset(ms, zone)).toISOString().slice(0, 19);
}

/** 09:05; with the zone's short name where a clock change makes that needed. */
export function clock(ms, zone, named = false) {
  return formatter(zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(named && { timeZoneName: "short" }) })
    .format(ms);
}

export function zoneName(ms, zone) {
  return formatter(zone, { timeZoneName: "short" }).formatToParts(ms).find((part) => part.type === "timeZoneName").value;
}

export function longDate(ms, zone) {
  return formatter(zone, { weekday: "long", day: "numeric", month: "long" }).format(ms);
}

export function shortDate(ms, zone) {
  return formatter(zone, { weekday: "short", day: "numeric", month: "short" }).format(ms);
}

/** Whether the clocks of the zone change between two instants. */
export function changes(from, until, zone) {
  return offset(from, zone) !== offset(until, zone);
}

const two = (number) => String(number).padStart(2, "0");

/** 5025 is 1:23:45. */
export function length(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

/** 5025 is 1 h 23 min, for those who listen. */
export function spoken(seconds) {
  const minutes = Math.floor(Math.max(0, seconds) / 60);
  const hours = Math.floor(minutes / 60);
  return hours ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}
