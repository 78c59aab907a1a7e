"""What the service says of things: their states, by its own words.

Where a field is declared as one of these or a string, it is a member when the word is
here, and the plain string when the service has a new one. A member equals its string,
so ``archive.status == "available"`` holds in either case.
"""

from __future__ import annotations

from tokbox.enums import WireEnum

__all__ = [
    "ArchiveReason",
    "ArchiveStatus",
    "BroadcastStatus",
    "CaptionsStatus",
    "ConnectionState",
    "HlsStatus",
    "ProjectStatus",
    "RenderStatus",
    "RtmpStatus",
    "TranscriptionStatus",
    "VideoType",
]


class ArchiveStatus(WireEnum):
    """How far an archive is."""

    STARTED = "started"
    #: It runs, but nobody publishes: nothing is recorded.
    PAUSED = "paused"
    #: The recording is over, the file is not ready.
    STOPPED = "stopped"
    #: The file can be downloaded from the provider's cloud.
    AVAILABLE = "available"
    #: The file was delivered to the storage target.
    UPLOADED = "uploaded"
    #: The provider's copy is gone, 72 hours after the start.
    EXPIRED = "expired"
    FAILED = "failed"
    DELETED = "deleted"


class ArchiveReason(WireEnum):
    """Why an archive stopped."""

    USER_INITIATED = "user initiated"
    SESSION_ENDED = "session ended"
    MAXIMUM_DURATION = "maximum duration exceeded"
    MAXIMUM_IDLE_TIME = "maximum idle time exceeded"
    FAILURE = "failure"


class TranscriptionStatus(WireEnum):
    """How far the transcription of an archive is."""

    REQUESTED = "requested"
    COMPLETED = "completed"


class BroadcastStatus(WireEnum):
    """How far a broadcast is."""

    STARTED = "started"
    STOPPED = "stopped"
    FAILED = "failed"


class HlsStatus(WireEnum):
    """How far the HLS output of a broadcast is."""

    CONNECTING = "connecting"
    READY = "ready"
    LIVE = "live"
    ENDED = "ended"
    ERROR = "error"


class RtmpStatus(WireEnum):
    """How one RTMP output of a broadcast does."""

    CONNECTING = "connecting"
    LIVE = "live"
    OFFLINE = "offline"
    ERROR = "error"


class VideoType(WireEnum):
    """What the picture of a stream comes from; a stream of sound has none."""

    CAMERA = "camera"
    SCREEN = "screen"
    CUSTOM = "custom"


class ConnectionState(WireEnum):
    """How a client is connected."""

    CONNECTING = "Connecting"
    CONNECTED = "Connected"
    DISCONNECTED = "Disconnected"


class CaptionsStatus(WireEnum):
    """How far live captions are."""

    STARTED = "started"
    PAUSED = "paused"
    STOPPED = "stopped"
    FAILED = "failed"


class RenderStatus(WireEnum):
    """How far an Experience Composer is."""

    STARTING = "starting"
    STARTED = "started"
    STOPPED = "stopped"
    FAILED = "failed"


class ProjectStatus(WireEnum):
    """Whether a project can be used."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
