// Paste a token: what it says, and what would become of it.

import { send } from "./api.js";
import { find, make } from "./dom.js";
import { moment, span } from "./words.js";

find("inspector").addEventListener("submit", async (event) => {
  event.preventDefault();
  const result = find("result");
  try {
    const found = await send("POST", "/_emulator/inspect", { token: find("token").value });
    result.replaceChildren(sentence(found), claims(found));
  } catch (error) {
    result.replaceChildren(make("p", { className: "sentence", data: { tone: "bad" } }, error.message));
  }
});

function when(time, now) {
  if (time === null) return null;
  const left = (time - now) / 1000;
  return `${moment(time)} (${left > 0 ? `in ${span(left)}` : `${span(-left)} ago`})`;
}

function sentence({ result, reason }) {
  const tones = { accepted: "good", refused: "bad", unknown: "wait" };
  return make("p", { className: "sentence", data: { tone: tones[result] } }, reason);
}

function claims({ kind, claims: said, made, expires, now }) {
  const rows = Object.entries({ kind, ...said, made: when(made, now), expires: when(expires, now) });
  const shown = rows.filter(([, value]) => value !== null && value !== "");
  return make(
    "dl",
    { className: "claims" },
    ...shown.flatMap(([name, value]) => [
      make("dt", {}, name.replaceAll("_", " ")),
      make("dd", {}, typeof value === "string" ? value : JSON.stringify(value)),
    ]),
  );
}
