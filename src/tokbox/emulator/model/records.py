"""Records: one frozen dataclass for each table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = [
    "Callback",
    "Connection",
    "Job",
    "Recording",
    "Selection",
    "Session",
    "Stream",
]


@dataclass(frozen=True, slots=True)
class Session:
    """A session that was created here; times are milliseconds since the epoch."""

    session_id: str
    #: The API key of the project, or the id of the application, that it belongs to.
    project_id: str
    created_ms: int
    location: str
    relayed: bool
    always_archived: bool
    archive_name: str | None
    archive_resolution: str | None
    e2ee: bool
    #: When the first client came; until then the service does not know the session.
    activated_ms: int | None = None
    #: When the last client left; ``None`` while anyone is connected.
    emptied_ms: int | None = None
    #: Whether whoever begins to publish is muted.
    muted: bool = False
    #: When the media router gives it up, if nobody comes back before.
    ends_ms: int | None = None
    #: The address by which its creator reached the emulator: links in webhooks lead there.
    base_url: str = "http://127.0.0.1"

    @property
    def active(self) -> bool:
        """Whether a media router has it, as none ever has a relayed one."""
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
    #: The layout classes that its token gives to its streams.
    layout_classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream that a simulated client publishes."""

    stream_id: str
    connection_id: str
    session_id: str
    created_ms: int
    name: str
    #: Empty if it has no picture.
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
    #: What the start call asked for, by the service's own names, defaults filled in. It
    #: publishes a stream if there is a ``videoType``.
    options: dict[str, Any]
    status: str
    reason: str
    created_ms: int
    updated_ms: int
    #: When it entered its present state.
    since_ms: int
    #: How long it was ``started`` before it entered its present state.
    ran_ms: int = 0
    #: By what it takes part in the session, if it does as a client.
    connection_id: str | None = None
    stream_id: str | None = None
    #: Since when nobody else has been in the session, if it takes part as a client.
    alone_ms: int | None = None
    #: Whether the session has started it by itself, as some start an archive.
    automatic: bool = False
    #: When it was ``started`` for the first time.
    began_ms: int | None = None
    #: The size of the file of an archive, in bytes.
    size: int = 0

    @property
    def manual(self) -> bool:
        """Whether its streams are chosen by calls."""
        return bool(self.options.get("streamMode") == "manual")

    @property
    def encrypted(self) -> bool:
        """Whether only the owner of a certificate can open the file of an archive."""
        return "password" in self.options


@dataclass(frozen=True, slots=True)
class Selection:
    """A stream that was added to what takes only the streams that calls have chosen."""

    stream_id: str
    has_audio: bool
    has_video: bool


@dataclass(frozen=True, slots=True)
class Recording:
    """A stretch of a stream inside an archive."""

    stream_id: str
    started_ms: int
    stopped_ms: int | None
    connection_data: str
    video_type: str


@dataclass(frozen=True, slots=True)
class Callback:
    """A URL that a project wants to be told of one kind of event."""

    callback_id: str
    project_id: str
    #: The group of the event, as in :class:`tokbox.emulator.model.events.Event`.
    topic: str
    event: str
    url: str
    created_ms: int
