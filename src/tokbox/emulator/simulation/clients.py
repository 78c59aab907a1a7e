"""Permissions of simulated clients, and notifications to them."""

from __future__ import annotations

from collections.abc import Sequence

from tokbox.emulator.errors import InvalidOptionError, TokenRejectedError
from tokbox.emulator.model import events
from tokbox.emulator.model.records import Session, Stream
from tokbox.emulator.simulation.client_tokens import (
    ClientClaims,
    check_not_suspended,
    verify_client_token,
)
from tokbox.emulator.simulation.emulator import Emulator
from tokbox.emulator.store.accounts import Application, Project

__all__ = ["check_owner", "check_publisher", "check_token", "end_stream", "notify_muted"]


def check_token(
    emulator: Emulator, session: Session, token: object, *, publishes: bool = False
) -> ClientClaims:
    """Verify the token of a client that joins *session*, as the service would.

    Raises :class:`InvalidOptionError` if *token* is not a string, and
    :class:`TokenRejectedError` if it is invalid or, with *publishes*, its role may not
    publish.
    """
    if not isinstance(token, str):
        raise InvalidOptionError("token must be a string")
    project = check_owner(emulator, session)
    claims = verify_client_token(
        token, project, session.session_id, now=emulator.clock.token_time()
    )
    if publishes:
        check_publisher(claims.role)
    return claims


def check_owner(emulator: Emulator, session: Session) -> Project | Application:
    """Return the owner of *session*.

    Raises :class:`TokenRejectedError` if the owner is unknown or suspended.
    """
    project = emulator.accounts.find(session.project_id)
    if project is None:
        raise TokenRejectedError("whoever created the session is unknown here")
    check_not_suspended(project)
    return project


def notify_muted(
    emulator: Emulator, session: Session, streams: Sequence[Stream], at_ms: int
) -> None:
    """Send a mute message to the publishers of *streams*.

    For a SIP call with ``observeForceMute``, webhooks get an event too.
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
    """Raise :class:`TokenRejectedError` if the *role* may not publish."""
    if role == "subscriber":
        raise TokenRejectedError("the role subscriber may not publish")


def end_stream(
    emulator: Emulator, session: Session, stream: Stream, at_ms: int, reason: str
) -> None:
    """Remove a stream, and emit its event."""
    connection = emulator.store.connection(session.session_id, stream.connection_id)
    assert connection is not None, "the tables hold no stream without its connection"
    emulator.store.remove_stream(stream.stream_id)
    emulator.emit(
        events.stream_destroyed(session.project_id, stream, connection, at_ms, reason)
    )
