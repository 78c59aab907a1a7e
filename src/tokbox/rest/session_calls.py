"""Methods of one session, which call the client's resources."""

from __future__ import annotations

from tokbox.secrecy import strip_traceback
from tokbox.suggestions import refuse_unknown_options
from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typing_extensions import Unpack

    from tokbox.rest.client_resources import ClientResources
    from tokbox.rest.models.page import Page
    from tokbox.rest.resources.archives import Archive
    from tokbox.rest.resources.audio_connectors import AudioConnector, WebSocket
    from tokbox.rest.resources.broadcasts import Broadcast
    from tokbox.rest.resources.captions import Captions
    from tokbox.rest.resources.connections import Connection
    from tokbox.rest.resources.renders import Render
    from tokbox.rest.resources.sip import SipCall
    from tokbox.rest.resources.streams import Stream
    from tokbox.rest.session_options import (
        ArchiveOptions,
        BroadcastOptions,
        CallOptions,
        CaptionsOptions,
        ClientOptions,
        DialOptions,
        MuteOptions,
        RenderOptions,
        SignalOptions,
        TokenOptions,
    )

__all__ = ["SessionCalls"]


def _namespace() -> Mapping[str, object]:
    # Imported here because it imports several resources.
    from tokbox.rest import session_options

    return vars(session_options)


@strip_traceback
@refuse_unknown_options(_namespace)
class SessionCalls:
    """Call resources with the ID of a session; options and errors are the same."""

    __slots__ = ()

    session_id: str
    _resources: ClientResources

    def start_archive(self, **options: Unpack[ArchiveOptions]) -> Archive:
        """Start recording this session; see ``tb.archives.start``."""
        return self._resources.archives.start(self.session_id, **options)

    def start_broadcast(self, **options: Unpack[BroadcastOptions]) -> Broadcast:
        """Start broadcasting this session; see ``tb.broadcasts.start``."""
        return self._resources.broadcasts.start(self.session_id, **options)

    def list_streams(self, **options: Unpack[CallOptions]) -> Page[Stream]:
        """Return all streams of this session; see ``tb.streams.list``."""
        return self._resources.streams.list(self.session_id, **options)

    def get_stream(self, stream_id: str, **options: Unpack[CallOptions]) -> Stream:
        """Return one stream of this session; see ``tb.streams.get``."""
        return self._resources.streams.get(self.session_id, stream_id, **options)

    def set_layout_classes(
        self, classes: Mapping[str, Sequence[str]], **options: Unpack[CallOptions]
    ) -> None:
        """Set the layout classes of streams; see ``tb.streams.set_layout_classes``."""
        self._resources.streams.set_layout_classes(self.session_id, classes, **options)

    def list_connections(self, **options: Unpack[CallOptions]) -> Page[Connection]:
        """Return all connections of this session; see ``tb.connections.list``."""
        return self._resources.connections.list(self.session_id, **options)

    def signal(self, data: str, **options: Unpack[SignalOptions]) -> None:
        """Send a signal to all clients of this session, or one; see ``tb.signals.send``."""
        self._resources.signals.send(self.session_id, data, **options)

    def disconnect(self, connection_id: str, **options: Unpack[CallOptions]) -> None:
        """Disconnect a client; see ``tb.moderation.disconnect``."""
        self._resources.moderation.disconnect(self.session_id, connection_id, **options)

    def mute_stream(self, stream_id: str, **options: Unpack[CallOptions]) -> None:
        """Mute one stream; see ``tb.moderation.mute_stream``."""
        self._resources.moderation.mute_stream(self.session_id, stream_id, **options)

    def mute_all(self, **options: Unpack[MuteOptions]) -> None:
        """Mute all streams, with exceptions; see ``tb.moderation.mute_all``."""
        self._resources.moderation.mute_all(self.session_id, **options)

    def unmute_all(self, **options: Unpack[CallOptions]) -> None:
        """Allow streams to be unmuted; see ``tb.moderation.unmute_all``."""
        self._resources.moderation.unmute_all(self.session_id, **options)

    def dial(self, uri: str, **options: Unpack[DialOptions]) -> SipCall:
        """Call a SIP URI; see ``tb.sip.dial``."""
        return self._resources.sip.dial(self.session_id, uri, **options)

    def play_dtmf(self, digits: str, **options: Unpack[ClientOptions]) -> None:
        """Play tones to SIP calls; see ``tb.sip.play_dtmf``."""
        self._resources.sip.play_dtmf(self.session_id, digits, **options)

    def start_captions(self, **options: Unpack[CaptionsOptions]) -> Captions:
        """Start captioning this session; see ``tb.captions.start``."""
        return self._resources.captions.start(self.session_id, **options)

    def start_render(self, url: str, **options: Unpack[RenderOptions]) -> Render:
        """Publish a web page into this session; see ``tb.renders.start``."""
        return self._resources.renders.start(self.session_id, url, **options)

    def start_audio_connector(
        self, websocket: WebSocket | str, **options: Unpack[TokenOptions]
    ) -> AudioConnector:
        """Connect this session to a WebSocket; see ``tb.audio_connectors.start``."""
        return self._resources.audio_connectors.start(self.session_id, websocket, **options)
