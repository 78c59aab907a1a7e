// The live log of API calls.

import { find, make, say } from "./dom.js";
import { timeOfDay } from "./words.js";

const SHOWN = 200;

let last = 0;
let paused = false;

/** The number of the newest call that is known, to ask for those after it. */
export const lastCall = () => last;

export function showCalls({ calls, lastNumber, count }) {
  say(find("call-count"), String(count));
  // What comes during a pause is fetched, and shown, when it is over.
  if (paused) return;
  if (lastNumber < last) find("calls").replaceChildren();
  last = lastNumber;
  find("calls").prepend(...calls.reverse().map(row));
  const rows = find("calls").children;
  while (rows.length > SHOWN) rows[rows.length - 1].remove();
  find("log").hidden = rows.length === 0;
  find("no-calls").hidden = rows.length > 0;
}

function row(call) {
  const more = [
    call.created ? "created something" : "",
    call.fault ? `fault ${JSON.stringify(call.fault)}` : "",
  ].filter(Boolean);
  return make(
    "tr",
    { title: `request ${call.requestId}` },
    make("td", {}, timeOfDay(call.at)),
    make("td", {}, make("span", { className: "badge", data: { tone: toneOf(call.status) } }, String(call.status ?? "none"))),
    make(
      "td",
      { className: "call" },
      `${call.method} `,
      ...breakable(call.path + (call.query && "?") + call.query),
      ...(more.length ? [make("div", { className: "more" }, more.join(" · "))] : []),
    ),
    make("td", { className: "number" }, call.duration.toFixed(1)),
  );
}

/** A path that is too long for a line breaks before a slash where it can. */
function breakable(path) {
  return path.split(/(?=\/)/).flatMap((part) => [make("wbr"), part]);
}

function toneOf(status) {
  if (status === null || status >= 500) return "bad";
  return status >= 400 ? "wait" : "good";
}

find("pause").addEventListener("click", (event) => {
  paused = !paused;
  event.target.setAttribute("aria-pressed", String(paused));
});
