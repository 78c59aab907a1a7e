"""Parameters of requests for jobs that join a session with a token."""

from __future__ import annotations

from tokbox.emulator.api.sessions import active_session, check_routed
from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.request import RequestContext
from tokbox.emulator.model.hosts import is_url
from tokbox.emulator.model.records import Job, Session
from tokbox.emulator.model.states import ENDED
from tokbox.emulator.options.fields import Fields
from tokbox.emulator.simulation import clients
from tokbox.emulator.simulation.client_tokens import ClientClaims

__all__ = ["find_running", "read_session", "read_url"]


def read_session(
    context: RequestContext, fields: Fields, doing: str, *, publishes: bool = False
) -> tuple[Session, ClientClaims]:
    """Read the session to join, and verify the token.

    With *publishes*, a role that may not publish is refused now, although the job publishes
    later. A relayed session is refused: these jobs need the media router.
    """
    session = active_session(context, fields.pop("sessionId"))
    check_routed(session, doing)
    token = fields.pop("token")
    claims = clients.check_token(context.emulator, session, token, publishes=publishes)
    return session, claims


def read_url(fields: Fields, name: str) -> str:
    """Read an http or https URL of 15 to 2048 characters, or refuse with 400."""
    url = fields.read_str(name, min_length=15, max_length=2048)
    if not is_url(url):
        raise HTTPError(400, f"{name} must be an http or https URL")
    return url


def find_running(context: RequestContext, kind: str, param: str, missing: str) -> Job:
    """Return the running job that the path names, or refuse with 404."""
    job = context.emulator.jobs.find(context.project_id, kind, context.param(param))
    if job is None or job.status in ENDED:
        raise HTTPError(404, missing)
    return job
