"""States and reasons in responses, with the service's own values.

A field of one of these enums or ``str`` is a member for a known value, and a plain string
for an unknown value. A member equals its string, so
``archive.status == "available"`` works in both cases.
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
    """The status of an archive."""

    STARTED = "started"
    #: It is running, but no client publishes: nothing is recorded.
    PAUSED = "paused"
    #: The recording has ended, and the file is not ready.
    STOPPED = "stopped"
    #: The file can be downloaded from the provider's cloud.
    AVAILABLE = "available"
    #: The file was delivered to the storage target.
    UPLOADED = "uploaded"
    #: The provider's copy was deleted, 72 hours after the start.
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
    """The status of an archive's transcription.

    ``error`` in a response is read as ``FAILED``.
    """

    REQUESTED = "requested"
    STARTED = "started"
    #: The file can be downloaded.
    AVAILABLE = "available"
    #: The file was delivered to the storage target.
    UPLOADED = "uploaded"
    #: In some responses the name of ``AVAILABLE`` and ``UPLOADED``.
    COMPLETED = "completed"
    FAILED = "failed"


@set_module("tokbox.types")
class BroadcastStatus(WireEnum):
    """The status of a broadcast."""

    STARTED = "started"
    STOPPED = "stopped"
    FAILED = "failed"


@set_module("tokbox.types")
class HlsStatus(WireEnum):
    """The status of the HLS output of a broadcast."""

    CONNECTING = "connecting"
    READY = "ready"
    LIVE = "live"
    ENDED = "ended"
    ERROR = "error"


@set_module("tokbox.types")
class RtmpStatus(WireEnum):
    """The status of one RTMP output of a broadcast."""

    CONNECTING = "connecting"
    LIVE = "live"
    OFFLINE = "offline"
    ERROR = "error"


@set_module("tokbox.types")
class VideoType(WireEnum):
    """The video source of a stream; audio-only streams have none."""

    CAMERA = "camera"
    SCREEN = "screen"
    CUSTOM = "custom"


@set_module("tokbox.types")
class ConnectionState(WireEnum):
    """The state of a client's connection."""

    CONNECTING = "Connecting"
    CONNECTED = "Connected"
    DISCONNECTED = "Disconnected"


@set_module("tokbox.types")
class DestroyedReason(WireEnum):
    """Why a connection, a stream or a session ended."""

    CLIENT_DISCONNECTED = "clientDisconnected"
    #: By moderation. Sessions that end because of a failure of the service also have it.
    FORCE_DISCONNECTED = "forceDisconnected"
    NETWORK_DISCONNECTED = "networkDisconnected"
    #: Of streams only: unpublished by moderation.
    FORCE_UNPUBLISHED = "forceUnpublished"
    #: Of streams only: the source ended, for example a shared screen.
    MEDIA_STOPPED = "mediaStopped"
    #: Of sessions only: their server was replaced, and clients did not migrate.
    SERVER_ROTATION = "serverRotation"


@set_module("tokbox.types")
class NotificationReason(WireEnum):
    """The subject of a session notification."""

    #: The session moves to another server.
    SERVER_ROTATION = "serverRotation"


@set_module("tokbox.types")
class CaptionsStatus(WireEnum):
    """The status of live captions."""

    STARTED = "started"
    PAUSED = "paused"
    STOPPED = "stopped"
    FAILED = "failed"


@set_module("tokbox.types")
class RenderStatus(WireEnum):
    """The status of an Experience Composer."""

    STARTING = "starting"
    STARTED = "started"
    STOPPED = "stopped"
    FAILED = "failed"


@set_module("tokbox.types")
class SipCallState(WireEnum):
    """The state of a SIP call."""

    DIALING = "DIALING"
    RINGING = "RINGING"
    ON_HOLD = "ON_HOLD"
    ACTIVE = "ACTIVE"
    HANGUP = "HANGUP"


@set_module("tokbox.types")
class SipReason(WireEnum):
    """Why a call ended, if the reason is not a SIP response code."""

    NORMAL_CLEARING = "700"
    UNEXPECTED_CLEARING = "703"
    MEDIA_TIMEOUT = "704"
    MAX_DURATION = "705"
    #: No media was received for too long.
    MAX_INACTIVE = "706"


@set_module("tokbox.types")
class ProjectStatus(WireEnum):
    """The status of a project."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
