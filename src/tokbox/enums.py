"""What a session, a token or an archive can be, by the service's own words.

Every member *is* the string that goes over the wire, and every argument that takes a
member takes the plain string as well.
"""

from __future__ import annotations

from enum import Enum

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

#: The longest a token may live, in seconds.
DAYS_30 = 2_592_000
WEEKS_1 = 604_800
#: What a token lives if nothing else is said, in seconds.
HOURS_24 = 86_400
HOURS_2 = 7_200
HOURS_1 = 3_600


class WireEnum(str, Enum):
    """A string enum that prints, and hashes, as its wire value on every Python."""

    __str__ = str.__str__
    __hash__ = str.__hash__

    def __format__(self, spec: str) -> str:
        return str.__format__(self.value, spec)


@set_module("tokbox")
class Role(WireEnum):
    """What the holder of a token may do in the session."""

    #: Subscribe only.
    SUBSCRIBER = "subscriber"
    #: Publish, subscribe and signal (the default).
    PUBLISHER = "publisher"
    #: Publish, but neither subscribe nor signal.
    PUBLISHER_ONLY = "publisheronly"
    #: What a publisher may, and force others to disconnect, unpublish or mute.
    MODERATOR = "moderator"


@set_module("tokbox")
class MediaMode(WireEnum):
    """How streams travel: the value of ``p2p.preference``.

    "routed", "relayed" and "p2p" are accepted, too: ``MediaMode("routed")``.
    """

    #: Through the media router (needed for archives, broadcasts, SIP ...).
    MEDIA_ROUTER = "disabled"
    #: Directly between clients where they can reach one another, else by TURN.
    P2P = "enabled"

    ROUTED = "disabled"
    RELAYED = "enabled"

    @classmethod
    def _missing_(cls, value: object) -> MediaMode | None:
        """Return the mode of a name that is not its wire value."""
        names = {"routed": cls.ROUTED, "relayed": cls.RELAYED, "p2p": cls.P2P}
        return names.get(value) if isinstance(value, str) else None


@set_module("tokbox")
class ArchiveMode(WireEnum):
    """Whether a session is archived by itself."""

    #: Archives are started and stopped by calls (the default).
    MANUAL = "manual"
    #: Everything is archived from the first connection on.
    ALWAYS = "always"


@set_module("tokbox")
class OutputMode(WireEnum):
    """One file for the whole archive, or one for each stream."""

    COMPOSED = "composed"
    INDIVIDUAL = "individual"


@set_module("tokbox")
class StreamMode(WireEnum):
    """Who chooses the streams of an archive or broadcast."""

    #: The service takes all streams.
    AUTO = "auto"
    #: Streams are added and removed by calls.
    MANUAL = "manual"
