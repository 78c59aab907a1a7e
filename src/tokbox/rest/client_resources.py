"""The resources of a project, as attributes of a client."""

from __future__ import annotations

from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from tokbox.enums import Role
    from tokbox.rest.http.requester import Requester
    from tokbox.rest.resources.archives import Archives
    from tokbox.rest.resources.audio_connectors import AudioConnectors
    from tokbox.rest.resources.broadcasts import Broadcasts
    from tokbox.rest.resources.callbacks import Callbacks
    from tokbox.rest.resources.captions import LiveCaptions
    from tokbox.rest.resources.connections import Connections
    from tokbox.rest.resources.moderation import Moderation
    from tokbox.rest.resources.renders import Renders
    from tokbox.rest.resources.signals import Signals
    from tokbox.rest.resources.sip import Sip
    from tokbox.rest.resources.streams import Streams
    from tokbox.tokens.signer import Signer

__all__ = ["ClientResources"]


class ClientResources:
    """Attributes of a client that import each resource at its first use."""

    __slots__ = ()

    _signer: Signer

    if TYPE_CHECKING:

        @property
        def _requester(self) -> Requester:
            raise NotImplementedError

    @property
    def archives(self) -> Archives:
        """Archives: recordings of sessions, and their storage."""
        from tokbox.rest.resources.archives import Archives

        return Archives(self._requester)

    @property
    def broadcasts(self) -> Broadcasts:
        """Live broadcasts of sessions, over HLS and RTMP."""
        from tokbox.rest.resources.broadcasts import Broadcasts

        return Broadcasts(self._requester)

    @property
    def streams(self) -> Streams:
        """Streams of sessions, and their layout classes."""
        from tokbox.rest.resources.streams import Streams

        return Streams(self._requester)

    @property
    def connections(self) -> Connections:
        """Clients that are connected to sessions."""
        from tokbox.rest.resources.connections import Connections

        return Connections(self._requester)

    @property
    def signals(self) -> Signals:
        """Signals to the clients of sessions."""
        from tokbox.rest.resources.signals import Signals

        return Signals(self._requester)

    @property
    def moderation(self) -> Moderation:
        """Moderation: disconnect clients and mute streams."""
        from tokbox.rest.resources.moderation import Moderation

        return Moderation(self._requester)

    @property
    def sip(self) -> Sip:
        """SIP calls that connect telephones to sessions."""
        from tokbox.rest.resources.sip import Sip

        return Sip(self._requester, self._sign)

    @property
    def captions(self) -> LiveCaptions:
        """Live captions of sessions."""
        from tokbox.rest.resources.captions import LiveCaptions

        return LiveCaptions(self._requester, self._sign)

    @property
    def renders(self) -> Renders:
        """Experience Composers, which publish web pages into sessions."""
        from tokbox.rest.resources.renders import Renders

        return Renders(self._requester, self._sign)

    @property
    def audio_connectors(self) -> AudioConnectors:
        """Audio Connectors, which connect the audio of sessions to WebSockets."""
        from tokbox.rest.resources.audio_connectors import AudioConnectors

        return AudioConnectors(self._requester, self._sign)

    @property
    def callbacks(self) -> Callbacks:
        """Callback URLs for events; OpenTok only."""
        from tokbox.rest.resources.callbacks import Callbacks

        return Callbacks(self._requester)

    def _sign(self, session_id: str, role: Role, expiration: int) -> str:
        """Sign a token with which the service joins a session."""
        return self._signer.session(session_id).token(role, expiration=expiration)
