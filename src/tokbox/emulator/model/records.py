"""Records: one frozen dataclass for each table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

__all__ = [
    "Callback",
    "Connection",
    "Job",
    "Recording",
    "RotationAction",
    "RotationStep",
    "Selection",
    "Session",
    "Stream",
]

#: Notify of the rotation, move the clients to the new server, or disconnect them.
RotationAction: TypeAlias = Literal["notify", "migrate", "disconnect"]


@dataclass(frozen=True, slots=True)
class Session:
    """A session that this emulator created; times are milliseconds since the epoch."""

    session_id: str
    #: The API key of the project or the ID of the application that owns it.
    project_id: str
    created_ms: int
    location: str
    relayed: bool
    always_archived: bool
    archive_name: str | None
    archive_resolution: str | None
    e2ee: bool
    #: When the first client connected; before that the service does not find the session.
    activated_ms: int | None = None
    #: When the last client left; ``None`` while anyone is connected.
    emptied_ms: int | None = None
    #: True if new streams are muted.
    muted: bool = False
    #: When the session ends on the media router, unless a client connects before.
    ends_ms: int | None = None
    #: The base URL of the request that created it, used for links in webhooks.
    base_url: str = "http://127.0.0.1"

    @property
    def active(self) -> bool:
        """True if it is active on a media router; a relayed session never is."""
        occupied = self.activated_ms is not None and self.emptied_ms is None
        return not self.relayed and (occupied or self.ends_ms is not None)


@dataclass(frozen=True, slots=True)
class Connection:
    """A simulated client in a session."""

    connection_id: str
    session_id: str
    created_ms: int
    role: str
    data: str
    #: The initial layout classes of its streams, from its token.
    layout_classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream that a simulated client publishes."""

    stream_id: str
    connection_id: str
    session_id: str
    created_ms: int
    name: str
    #: Empty for an audio-only stream.
    video_type: str
    layout_classes: tuple[str, ...] = ()
    muted: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """An archive, a broadcast or another job in a session; see ``states.py``."""

    job_id: str
    #: ``archive``, ``broadcast``, ``render``, ``captions``, ``call`` (SIP) or
    #: ``connector`` (audio).
    kind: str
    session_id: str
    project_id: str
    #: The options of the start request by their API names, with defaults filled in. A
    #: ``videoType`` means that the job publishes a stream.
    options: dict[str, Any]
    status: str
    reason: str
    created_ms: int
    updated_ms: int
    #: When it entered its current state.
    since_ms: int
    #: How long it was ``started`` before it entered its current state.
    ran_ms: int = 0
    #: Its connection, if it joined the session as a client.
    connection_id: str | None = None
    stream_id: str | None = None
    #: Since when it has been the only client in the session, if it is a client.
    alone_ms: int | None = None
    #: True if its session started it automatically, as for automatic archives.
    automatic: bool = False
    #: When it was ``started`` for the first time.
    began_ms: int | None = None
    #: The size of the file of an archive, in bytes.
    size: int = 0

    @property
    def manual(self) -> bool:
        """True if its streams are selected by requests (``streamMode`` is ``manual``)."""
        return bool(self.options.get("streamMode") == "manual")

    @property
    def encrypted(self) -> bool:
        """True if the file of an archive is encrypted for the owner of a certificate."""
        return "password" in self.options


@dataclass(frozen=True, slots=True)
class Selection:
    """A stream that was selected for a job whose ``streamMode`` is ``manual``."""

    stream_id: str
    has_audio: bool
    has_video: bool


@dataclass(frozen=True, slots=True)
class Recording:
    """A continuous part of a stream in an archive."""

    stream_id: str
    started_ms: int
    stopped_ms: int | None
    connection_data: str
    video_type: str


@dataclass(frozen=True, slots=True)
class Callback:
    """A URL that a project has registered for one kind of event."""

    callback_id: str
    project_id: str
    #: The group of the event, as in :class:`tokbox.emulator.model.events.Event`.
    topic: str
    event: str
    url: str
    created_ms: int


@dataclass(frozen=True, slots=True)
class RotationStep:
    """A step of the rotation of a session to another server."""

    session_id: str
    due_ms: int
    action: RotationAction
