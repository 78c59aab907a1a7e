"""What the service says of things: their states, by its own words.

Where a field is declared as one of these or a string, it is a member when the word is
here, and the plain string when the service has a new one. A member equals its string,
so ``archive.status == "available"`` holds in either case.
"""

from __future__ import annotations

from tokbox.enums import WireEnum
from tokbox.lazy import set_module

__all__ = [
    "ArchiveReason",
    "ArchiveStatus",
    "BroadcastStatus",
    "CaptionsStatus",
    "ConnectionState",
    "DestroyedReason",
    "HlsStatus",
    "NotificationReason",
    "ProjectStatus",
    "RenderStatus",
    "RtmpStatus",
    "SipCallState",
    "SipReason",
    "TranscriptionStatus",
    "VideoType",
]


@set_module("tokbox.types")
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


@set_module("tokbox.types")
class ArchiveReason(WireEnum):
    """Why an archive stopped."""

    USER_INITIATED = "user initiated"
    SESSION_ENDED = "session ended"
    MAXIMUM_DURATION = "maximum duration exceeded"
    MAXIMUM_IDLE_TIME = "maximum idle time exceeded"
    FAILURE = "failure"


@set_module("tokbox.types")
class TranscriptionStatus(WireEnum):
    """How far the transcription of an archive is."""

    REQUESTED = "requested"
    COMPLETED = "completed"


@set_module("tokbox.types")
class BroadcastStatus(WireEnum):
    """How far a broadcast is."""

    STARTED = "started"
    STOPPED = "stopped"
    FAILED = "failed"


@set_module("tokbox.types")
class HlsStatus(WireEnum):
    """How far the HLS output of a broadcast is."""

    CONNECTING = "connecting"
    READY = "ready"
    LIVE = "live"
    ENDED = "ended"
    ERROR = "error"


@set_module("tokbox.types")
class RtmpStatus(WireEnum):
    """How one RTMP output of a broadcast does."""

    CONNECTING = "connecting"
    LIVE = "live"
    OFFLINE = "offline"
    ERROR = "error"


@set_module("tokbox.types")
class VideoType(WireEnum):
    """What the picture of a stream comes from; a stream of sound has none."""

    CAMERA = "camera"
    SCREEN = "screen"
    CUSTOM = "custom"


@set_module("tokbox.types")
class ConnectionState(WireEnum):
    """How a client is connected."""

    CONNECTING = "Connecting"
    CONNECTED = "Connected"
    DISCONNECTED = "Disconnected"


@set_module("tokbox.types")
class DestroyedReason(WireEnum):
    """Why a connection, a stream or a session came to its end."""

    CLIENT_DISCONNECTED = "clientDisconnected"
    #: By moderation; the service's own failures end sessions with this word, too.
    FORCE_DISCONNECTED = "forceDisconnected"
    NETWORK_DISCONNECTED = "networkDisconnected"
    #: Of streams only: unpublished by moderation.
    FORCE_UNPUBLISHED = "forceUnpublished"
    #: Of streams only: the source ended, as a screen does that is no longer shared.
    MEDIA_STOPPED = "mediaStopped"


@set_module("tokbox.types")
class NotificationReason(WireEnum):
    """What a session is notified of."""

    #: It moves to another server.
    SERVER_ROTATION = "serverRotation"


@set_module("tokbox.types")
class CaptionsStatus(WireEnum):
    """How far live captions are."""

    STARTED = "started"
    PAUSED = "paused"
    STOPPED = "stopped"
    FAILED = "failed"


@set_module("tokbox.types")
class RenderStatus(WireEnum):
    """How far an Experience Composer is."""

    STARTING = "starting"
    STARTED = "started"
    STOPPED = "stopped"
    FAILED = "failed"


@set_module("tokbox.types")
class SipCallState(WireEnum):
    """How far a call is."""

    DIALING = "DIALING"
    RINGING = "RINGING"
    ON_HOLD = "ON_HOLD"
    ACTIVE = "ACTIVE"
    HANGUP = "HANGUP"


@set_module("tokbox.types")
class SipReason(WireEnum):
    """Why a call ended, where it is not one of SIP's own response codes."""

    NORMAL_CLEARING = "700"
    UNEXPECTED_CLEARING = "703"
    MEDIA_TIMEOUT = "704"
    MAX_DURATION = "705"
    #: Nobody sent any media for too long.
    MAX_INACTIVE = "706"


@set_module("tokbox.types")
class ProjectStatus(WireEnum):
    """Whether a project can be used."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
