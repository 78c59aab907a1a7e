// The list of sessions, and what can be done to them.

import { ask, inSession, of, send } from "./api.js";
import { find, keep, make, say } from "./dom.js";
import { many, moment, tone } from "./words.js";

/** Show *sessions*; *act* runs an action and tells how it went. */
export function showSessions(sessions, total, act) {
  say(find("session-count"), String(total));
  find("no-sessions").hidden = sessions.length > 0;
  keep(
    find("session-list"),
    sessions,
    (session) => session.sessionId,
    (session) => createSession(session, act),
    updateSession,
  );
}

function createSession(first, act) {
  const id = first.sessionId;
  const title = `session-${id}`;
  const element = make("article", { className: "session", "aria-labelledby": title });
  const parts = (element.parts = {
    state: make("span", { className: "badge" }),
    facts: make("span"),
    role: roleSelect(`role-${id}`),
    clients: section("Clients"),
    archives: section("Archives"),
    jobs: section("Broadcasts and more"),
    act,
  });
  element.append(
    make("h3", { id: title }, id),
    make("p", { className: "facts" }, parts.state, parts.facts),
    make(
      "div",
      { className: "row" },
      make("div", { className: "field" }, make("label", { for: `role-${id}` }, "Role"), parts.role),
      button("Connect client", () =>
        act("A client has connected.", () =>
          send("POST", inSession(first, "/client"), {
            role: parts.role.value,
            publish: parts.role.value !== "subscriber",
          }),
        ),
      ),
      button("Start archive", () =>
        act("The archive has started.", () =>
          send("POST", of(first.projectId, "/archive"), { sessionId: id }),
        ),
      ),
      button("Start broadcast", () =>
        act("The broadcast has started.", () =>
          send("POST", of(first.projectId, "/broadcast"), { sessionId: id, outputs: { hls: {} } }),
        ),
      ),
    ),
    parts.clients,
    parts.archives,
    parts.jobs,
  );
  return element;
}

function roleSelect(id) {
  const roles = ["publisher", "moderator", "subscriber"];
  return make("select", { id, className: "small" }, ...roles.map((role) => make("option", { value: role }, role)));
}

function section(title) {
  const list = make("ul", { className: "things" });
  const element = make("div", { hidden: true }, make("h4", {}, title), list);
  element.list = list;
  return element;
}

function button(text, run, label = text) {
  const element = make("button", { type: "button", className: "small", "aria-label": label }, text);
  element.addEventListener("click", run);
  return element;
}

function updateSession(element, session) {
  const { parts } = element;
  const count = session.connections.length;
  const state = count ? many(count, "client") : session.activated ? "everybody has left" : "nobody has come yet";
  say(parts.state, state);
  parts.state.dataset.tone = count ? "good" : "";
  say(
    parts.facts,
    [
      `of ${session.projectId}`,
      session.relayed ? "relayed" : "routed",
      session.alwaysArchived ? "always archived" : "",
      session.e2ee ? "end-to-end encrypted" : "",
      session.muted ? "muted" : "",
      `created ${moment(session.createdAt)}`,
    ]
      .filter(Boolean)
      .join(" · "),
  );
  showThings(parts.clients, session.connections, clientId, (row, client) => updateClient(row, client, session, parts.act));
  showThings(parts.archives, session.archives, (archive) => archive.id, (row, archive) =>
    updateThing(row, archive, session, parts.act, "archive"),
  );
  showThings(parts.jobs, session.jobs, (job) => job.id, (row, job) =>
    updateThing(row, job, session, parts.act, job.kind),
  );
}

const clientId = (client) => client.connectionId;

function showThings(part, items, keyOf, update) {
  part.hidden = items.length === 0;
  keep(part.list, items, keyOf, createThing, update);
}

function createThing() {
  const element = make("li", { className: "thing" });
  element.parts = {
    name: make("span", { className: "name" }),
    badge: make("span", { className: "badge" }),
    action: null,
  };
  element.append(element.parts.name, element.parts.badge);
  return element;
}

function updateClient(element, client, session, act) {
  const { parts } = element;
  const streams = client.streams.map(
    (stream) => (stream.name || stream.videoType || "audio") + (stream.muted ? " (muted)" : ""),
  );
  say(parts.name, client.data || `client ${short(client.connectionId)}`);
  element.title = client.connectionId;
  say(parts.badge, streams.length ? `${client.role}, publishes ${streams.join(", ")}` : client.role);
  parts.badge.dataset.tone = streams.length ? "good" : "";
  parts.action ??= element.appendChild(
    button(
      "Disconnect",
      () =>
        act("The client has been disconnected.", () =>
          ask("DELETE", inSession(session, `/connection/${client.connectionId}`)),
        ),
      `Disconnect client ${short(client.connectionId)}`,
    ),
  );
}

function updateThing(element, thing, session, act, kind) {
  const { parts } = element;
  say(parts.name, thing.name || `${kind} ${short(thing.id)}`);
  element.title = thing.id;
  const details = [thing.status, thing.reason, thing.duration ? `${thing.duration} s` : "", ...(thing.outputs ?? [])];
  say(parts.badge, details.filter(Boolean).join(", "));
  parts.badge.dataset.tone = tone(thing.status, kind);
  if (thing.stop && !parts.action) {
    parts.action = element.appendChild(
      button(
        "Stop",
        () =>
          act(`The ${kind} has been stopped.`, () =>
            ask(thing.stop.method, of(session.projectId, thing.stop.path)),
          ),
        `Stop ${kind} ${short(thing.id)}`,
      ),
    );
  } else if (!thing.stop && parts.action) {
    if (document.activeElement === parts.action) element.closest(".session").querySelector("button").focus();
    parts.action.remove();
    parts.action = null;
  }
}

const short = (id) => id.slice(0, 8);
