// How times, sizes and states are put.

const CLOCK = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const TIME = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

export const moment = (ms) => CLOCK.format(ms);
export const timeOfDay = (ms) => TIME.format(ms);

const SPANS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** A length of time in its largest whole unit: "3 hours". */
export function span(seconds) {
  const whole = Math.round(seconds);
  const [unit, length] = SPANS.find(([, size]) => whole >= size) ?? SPANS.at(-1);
  const count = Math.floor(whole / length);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

const TONES = {
  started: "good",
  starting: "wait",
  paused: "wait",
  stopped: "wait",
  DIALING: "wait",
  RINGING: "wait",
  ACTIVE: "good",
  connected: "good",
  available: "good",
  uploaded: "good",
  failed: "bad",
};

/** A stopped archive waits for its file; whatever else has stopped is over. */
export const tone = (status, kind) => (status === "stopped" && kind !== "archive" ? "" : (TONES[status] ?? ""));

/** Tell "1 client", "2 clients". */
export function many(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
