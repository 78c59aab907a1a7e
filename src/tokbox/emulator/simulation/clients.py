"""Simulated clients: whether they may join and publish, and what they are told."""

from __future__ import annotations

from collections.abc import Sequence

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.model import events
from tokbox.emulator.model.records import Session, Stream
from tokbox.emulator.simulation.client_tokens import (
    ClientClaims,
    TokenRejected,
    check_not_suspended,
    verify_client_token,
)
from tokbox.emulator.simulation.emulator import Emulator
from tokbox.emulator.store.accounts import Application, Project

__all__ = ["check_owner", "check_publisher", "check_token", "end_stream", "tell_to_mute"]

#: What the client SDKs report when a token is refused.
_REFUSED_TOKEN = 1004


def check_token(
    emulator: Emulator, session: Session, token: object, *, publishes: bool = False
) -> ClientClaims:
    """Verify what somebody wants to join *session* with, as the service would.

    Refuses with 400 what is no string, else with 403; so it does where the role does
    not allow what is to be done.
    """
    if not isinstance(token, str):
        raise HTTPError(400, "token must be a string")
    project = check_owner(emulator, session)
    try:
        admission = verify_client_token(
            token, project, session.session_id, now=emulator.clock.token_time()
        )
    except TokenRejected as denied:
        raise HTTPError(403, str(denied), code=_REFUSED_TOKEN) from None
    if publishes:
        check_publisher(admission.role)
    return admission


def check_owner(emulator: Emulator, session: Session) -> Project | Application:
    """Return whose *session* it is, or refuse with 403 if that lets nobody in."""
    project = emulator.accounts.find(session.project_id)
    if project is None:
        raise HTTPError(
            403, "whoever created the session is unknown here", code=_REFUSED_TOKEN
        )
    try:
        check_not_suspended(project)
    except TokenRejected as denied:
        raise HTTPError(403, str(denied), code=_REFUSED_TOKEN) from None
    return project


def tell_to_mute(
    emulator: Emulator, session: Session, streams: Sequence[Stream], at_ms: int
) -> None:
    """Tell whoever publishes *streams* that they are muted.

    Of a SIP call that observes it, webhooks are told too.
    """
    if not streams:
        return
    recipients = dict.fromkeys(stream.connection_id for stream in streams)
    content = {"streamIds": [stream.stream_id for stream in streams]}
    emulator.messages.add("mute", session.session_id, content, recipients, at_ms)
    for job in emulator.jobs.running(session.session_id, "call"):
        if job.options["observeForceMute"] and job.connection_id in recipients:
            emulator.emit(events.call_muted(job, at_ms))


def check_publisher(role: str) -> None:
    """Refuse with 403 a client whose role may not publish."""
    if role == "subscriber":
        raise HTTPError(403, "the role subscriber may not publish", code=_REFUSED_TOKEN)


def end_stream(
    emulator: Emulator, session: Session, stream: Stream, at_ms: int, reason: str
) -> None:
    """Remove a stream, and tell webhooks."""
    connection = emulator.store.connection(session.session_id, stream.connection_id)
    assert connection is not None, "the tables hold no stream without its connection"
    emulator.store.remove_stream(stream.stream_id)
    emulator.emit(
        events.stream_destroyed(session.project_id, stream, connection, at_ms, reason)
    )
