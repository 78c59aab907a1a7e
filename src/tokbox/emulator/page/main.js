// The page of the emulator: asks for its state once a second, and shows it.

import { as, ask, send } from "./api.js";
import { find, keep, make, say } from "./dom.js";
import "./inspector.js";
import { lastCall, showCalls } from "./log.js";
import { showSessions } from "./sessions.js";
import { moment, span } from "./words.js";

const PERIOD = 1000;

let refreshing = null;

/** Fetch the state and show it. One at a time; whoever asks meanwhile gets that one. */
function refresh() {
  refreshing ??= load().finally(() => (refreshing = null));
  return refreshing;
}

async function load() {
  const link = find("link");
  try {
    show(await ask("GET", `/_emulator/state?after=${lastCall()}`));
    say(link, "live");
    link.dataset.state = "up";
  } catch {
    say(link, "no answer");
    link.dataset.state = "down";
  }
}

function show(state) {
  const now = find("now");
  say(now, moment(state.now));
  now.dateTime = new Date(state.now).toISOString();
  say(find("offset"), state.offset ? `${span(state.offset / 1000)} ahead` : "");
  keep(
    find("project"),
    state.projects,
    (project) => project.id,
    (project) => make("option", { value: project.id }, `${project.kind} ${project.id}`),
    () => {},
  );
  showSessions(state.sessions, state.sessionCount, act);
  showCalls(state);
}

/** Do something, tell how it went, and show what has become of it. */
async function act(success, run) {
  const news = find("news");
  try {
    await run();
    news.dataset.kind = "good";
    news.textContent = success;
  } catch (error) {
    news.dataset.kind = "bad";
    news.textContent = error.message;
  }
  await refreshing;
  await refresh();
}

find("create").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = new URLSearchParams({
    "p2p.preference": find("media").value,
    archiveMode: find("archiving").value,
  });
  act("The session has been created.", () => ask("POST", as(find("project").value, "/session/create"), form));
});

find("clock").addEventListener("submit", (event) => {
  event.preventDefault();
  const seconds = Number(find("advance").value);
  act(`The clock has been advanced by ${span(seconds)}.`, () =>
    send("POST", "/_emulator/clock", { advance: seconds }),
  );
});

find("reset").addEventListener("click", () => {
  find("reset-dialog").returnValue = "";
  find("reset-dialog").showModal();
});

find("reset-dialog").addEventListener("close", (event) => {
  if (event.target.returnValue !== "reset") return;
  act("The emulator has been reset.", () => ask("POST", "/_emulator/reset"));
});

say(find("url"), location.origin);
document.addEventListener("visibilitychange", () => document.hidden || refresh());
setInterval(() => document.hidden || refresh(), PERIOD);
refresh();
