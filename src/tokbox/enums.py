"""Options of sessions, tokens and archives, with the service's own values.

Every member *is* the string that is sent to the service. Every argument that accepts a
member also accepts the string.
"""

from __future__ import annotations

from enum import StrEnum

from tokbox.lazy import set_module

__all__ = [
    "DAYS_30",
    "HOURS_1",
    "HOURS_2",
    "HOURS_24",
    "WEEKS_1",
    "ArchiveMode",
    "MediaMode",
    "OutputMode",
    "Role",
    "StreamMode",
]

#: The maximum lifetime of a token, in seconds.
DAYS_30 = 2_592_000
WEEKS_1 = 604_800
#: The default lifetime of a token, in seconds.
HOURS_24 = 86_400
HOURS_2 = 7_200
HOURS_1 = 3_600


class WireEnum(StrEnum):
    """A string enum whose hash is that of its value."""

    __hash__ = str.__hash__


@set_module("tokbox")
class Role(WireEnum):
    """The permissions of a token's holder in the session."""

    #: Subscribe only.
    SUBSCRIBER = "subscriber"
    #: Publish, subscribe and signal (the default).
    PUBLISHER = "publisher"
    #: Publish, without subscribing or signalling.
    PUBLISHER_ONLY = "publisheronly"
    #: The rights of a publisher, and force others to disconnect, unpublish or mute.
    MODERATOR = "moderator"


@set_module("tokbox")
class MediaMode(WireEnum):
    """The path of streams between clients: the value of ``p2p.preference``.

    "routed", "relayed" and "p2p" are also accepted: ``MediaMode("routed")``.
    """

    #: Through the media router (required for archives, broadcasts, SIP ...).
    MEDIA_ROUTER = "disabled"
    #: Directly between clients if possible, otherwise through TURN.
    P2P = "enabled"

    ROUTED = "disabled"
    RELAYED = "enabled"

    @classmethod
    def _missing_(cls, value: object) -> MediaMode | None:
        """Return the mode for a name that is not its value."""
        names = {"routed": cls.ROUTED, "relayed": cls.RELAYED, "p2p": cls.P2P}
        return names.get(value) if isinstance(value, str) else None


@set_module("tokbox")
class ArchiveMode(WireEnum):
    """The way in which archives of a session are started."""

    #: Archives are started and stopped by calls (the default).
    MANUAL = "manual"
    #: The session is archived automatically from the first connection on.
    ALWAYS = "always"


@set_module("tokbox")
class OutputMode(WireEnum):
    """The number of output files: one for the archive, or one for each stream."""

    COMPOSED = "composed"
    INDIVIDUAL = "individual"


@set_module("tokbox")
class StreamMode(WireEnum):
    """The way in which the streams of an archive or broadcast are selected."""

    #: All streams are included.
    AUTO = "auto"
    #: Streams are added and removed by calls.
    MANUAL = "manual"
