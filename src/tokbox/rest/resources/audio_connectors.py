"""Audio Connectors: exchange audio between a session and a WebSocket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, get_args

from tokbox.errors import InvalidInputError
from tokbox.exact import exact_text
from tokbox.lazy import set_module
from tokbox.literals import AudioEncoding, AudioRate, AudioTransportName
from tokbox.pickling import PickledByName
from tokbox.rest.models.base import Entity, str_field
from tokbox.rest.resources.token_resource import TokenResource
from tokbox.rest.validation import (
    absolute_url,
    boolean,
    choice,
    identifier,
    integer,
    nested,
    omit_none,
    optional,
    set_fields,
    string,
    strings,
)
from tokbox.secrecy import strip_traceback

__all__ = ["AudioConnector", "AudioConnectors", "AudioTransport", "WebSocket"]

_TRANSPORTS = get_args(AudioTransportName)
_ENCODINGS = get_args(AudioEncoding)
#: One SDK accepts only the first two.
_RATES = get_args(AudioRate)
_MAX_STREAMS = 50
_MAX_HEADERS = 512


@set_module("tokbox")
@strip_traceback
@dataclass(frozen=True, slots=True, kw_only=True)
class AudioTransport(PickledByName):
    """The format of audio on a WebSocket."""

    #: ``binary`` (the service's default) or ``json``.
    transport: AudioTransportName | None = None
    #: The encoding of audio in JSON messages: ``base64``, required with ``json``.
    encoding: AudioEncoding | None = None
    #: For JSON, the names of the fields for audio from the session (the service's default
    #: is ``audio``) and to the session (by default the same).
    audio_field: str | None = None
    receive_audio_field: str | None = None
    #: For JSON, other fields of every message from the session: names and texts.
    static_fields: Mapping[str, str] | None = field(default=None, hash=False, repr=False)

    def __post_init__(self) -> None:
        other = self.receive_audio_field
        set_fields(
            self,
            transport=optional(choice, "transport", self.transport, _TRANSPORTS),
            encoding=optional(choice, "encoding", self.encoding, _ENCODINGS),
            audio_field=optional(string, "audio_field", self.audio_field, min_length=1),
            receive_audio_field=optional(
                string, "receive_audio_field", other, min_length=1
            ),
            static_fields=optional(_texts, "static_fields", self.static_fields),
        )
        if self.transport == "json" and self.encoding is None:
            rule = 'be "base64" with the transport "json"'
            raise InvalidInputError("encoding", self.encoding, rule)

    def _to_json(self) -> dict[str, Any]:
        """Return the JSON object for the request."""
        return omit_none(
            transport=self.transport,
            encoding=self.encoding,
            audio_field=self.audio_field,
            receive_audio_field=self.receive_audio_field,
            static_fields=self.static_fields,
        )


@set_module("tokbox")
@strip_traceback
@dataclass(frozen=True, slots=True)
class WebSocket(PickledByName):
    """A WebSocket that receives the audio of a session as 16-bit linear PCM."""

    #: ``wss://`` or ``ws://``.
    uri: str
    _: KW_ONLY
    #: The IDs of the streams to send, at most 50. If empty, all streams are sent.
    streams: Iterable[str] = ()
    #: Sent with the first message, at most 512 bytes. They may contain secrets, so they are
    #: not in the repr.
    headers: Mapping[str, str] | None = field(default=None, hash=False, repr=False)
    #: Samples per second: 8000, 16000 (the service's default) or 24000.
    audio_rate: AudioRate | None = None
    #: True to publish the audio that the WebSocket sends.
    bidirectional: bool | None = None
    audio_transport: AudioTransport | None = None

    def __post_init__(self) -> None:
        uri = absolute_url("uri", self.uri, "ws", "wss")
        streams = tuple(strings("streams", self.streams))
        if len(streams) > _MAX_STREAMS:
            rule = f"name at most {_MAX_STREAMS} streams"
            raise InvalidInputError("streams", self.streams, rule)
        headers = optional(_headers, "headers", self.headers)
        rate = optional(integer, "audio_rate", self.audio_rate, min(_RATES), max(_RATES))
        if rate is not None and rate not in _RATES:
            rule = f"be one of {', '.join(map(str, _RATES))}"
            raise InvalidInputError("audio_rate", self.audio_rate, rule)
        optional(boolean, "bidirectional", self.bidirectional)
        optional(nested, "audio_transport", self.audio_transport, AudioTransport)
        # Copies: later changes by the caller would not be validated.
        set_fields(self, uri=uri, streams=streams, headers=headers, audio_rate=rate)

    def _to_json(self) -> dict[str, Any]:
        """Return the JSON object for the request."""
        return {
            "uri": self.uri,
            **omit_none(
                streams=list(self.streams) or None,
                headers=self.headers,
                audioRate=self.audio_rate,
                bidirectional=self.bidirectional,
                audioTransport=self.audio_transport and self.audio_transport._to_json(),
            ),
        }


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class AudioConnector(Entity):
    """A connection between a session and a WebSocket; it is a client of the session."""

    _label = "an audio connector"

    # A fixture of one SDK has captionsId here by mistake.
    id: str = str_field("id", "captionsId")
    connection_id: str = str_field()


@set_module("tokbox.types")
class AudioConnectors(TokenResource):
    """The Audio Connectors of a project, available as ``tb.audio_connectors``."""

    __slots__ = ()

    _noun = "audio connectors"
    _segment = "connect"

    def start(
        self,
        session_id: str,
        websocket: WebSocket | str,
        *,
        token: str | None = None,
        timeout: float | None = None,
    ) -> AudioConnector:
        """Connect a routed session to a WebSocket, given as an object or a URI.

        The WebSocket must accept the connection within six seconds. Without a *token* the
        client signs a publisher token that is valid for ten minutes. Raises
        ``ConflictError`` if the session is relayed.
        """
        if isinstance(websocket, str):
            websocket = WebSocket(websocket)
        body = {
            **self._credentials(session_id, token),
            "websocket": nested("websocket", websocket, WebSocket),
        }
        return self._request(AudioConnector, "POST", self._path, body, timeout)

    def stop(
        self, session_id: str, connection_id: str, *, timeout: float | None = None
    ) -> None:
        """Stop an Audio Connector: disconnect its ``connection_id`` from the session.

        The service has no other call for that since August 2025. Raises ``NotFoundError``
        if it has ended.
        """
        part = identifier("connection_id", connection_id)
        path = self._session_path(session_id, f"connection/{part}")
        self._requester.request("DELETE", path, timeout=timeout)


def _texts(field: str, value: object) -> dict[str, str]:
    """Return a copy of a mapping of strings to strings."""
    rule = "map strings to strings"
    if not isinstance(value, Mapping):
        raise InvalidInputError(field, None, rule, show=False)
    texts = {}
    for given_name, given_content in value.items():
        name, content = exact_text(given_name), exact_text(given_content)
        if name is None or content is None:
            raise InvalidInputError(field, None, rule, show=False)
        texts[name] = content
    return texts


def _headers(field: str, value: object) -> dict[str, str]:
    """Return headers; the length limit applies to all names and values together."""
    headers = _texts(field, value)
    joined = "".join(name + content for name, content in headers.items())
    size = len(joined.encode("utf-8", "surrogatepass"))
    if size > _MAX_HEADERS:
        rule = f"have at most {_MAX_HEADERS} bytes in total"
        raise InvalidInputError(field, None, rule, show=False)
    return headers
