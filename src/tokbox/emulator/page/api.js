// Talking to the emulator that the page came from.

/** Send a request; return what it answers, or throw an Error in the emulator's own words. */
export async function ask(method, path, body, headers = {}) {
  const response = await fetch(path, {
    method,
    body,
    headers: { Accept: "application/json", ...headers },
    cache: "no-store",
  });
  const text = await response.text();
  let content = null;
  try {
    content = text && JSON.parse(text);
  } catch {
    content = { message: text };
  }
  if (!response.ok) throw new Error(content?.message ?? `The emulator answered ${response.status}`);
  return content;
}

export function send(method, path, content) {
  return ask(method, path, JSON.stringify(content), { "Content-Type": "application/json" });
}

/** The path of a call of the service that is made on behalf of *project*. */
export function as(project, path) {
  return `/_emulator/as/${encodeURIComponent(project)}${path}`;
}

/** The path of something of a project or an application. */
export function of(project, path) {
  return as(project, `/v2/project/${encodeURIComponent(project)}${path}`);
}

/** The path of a control route of a session. */
export function inSession(session, path) {
  return `/_emulator/session/${encodeURIComponent(session.sessionId)}${path}`;
}
