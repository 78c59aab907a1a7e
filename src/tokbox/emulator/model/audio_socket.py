"""The record of the WebSocket of an Audio Connector."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

__all__ = ["AudioSocket", "AudioSocketState"]

AudioSocketState: TypeAlias = Literal["refused", "connecting", "open", "closed", "failed"]


@dataclass(frozen=True, slots=True)
class AudioSocket:
    """The WebSocket of an Audio Connector, and what it has exchanged so far."""

    connector_id: str
    session_id: str
    uri: str
    #: ``refused`` (not a loopback address, so not connected), ``connecting``, ``open``,
    #: ``closed`` or ``failed``.
    state: AudioSocketState
    #: Why it is refused, failed or was closed by the other side; otherwise empty.
    error: str
    #: Samples per second in both directions; samples are 16-bit little-endian mono.
    audio_rate: int
    #: The number of frames of 20 ms that were sent.
    sent_frames: int
    #: The number of bytes of audio that were received.
    received_bytes: int
    #: The audio that was published in the session: the latest five minutes of it.
    audio: bytes
    #: Audio that waits to be published, in bytes.
    buffered_bytes: int
    #: Audio that was never published: discarded by ``clear``, or beyond the buffer of 60
    #: seconds, or received by a connector that is not bidirectional.
    cleared_bytes: int
    dropped_bytes: int
    #: Text that was received, except audio, parsed if it is JSON: the latest 1,000.
    messages: tuple[Any, ...]

    def describe(self) -> dict[str, Any]:
        """Return the record as ``GET /_emulator/connectors`` shows it."""
        return {
            "id": self.connector_id,
            "sessionId": self.session_id,
            "uri": self.uri,
            "state": self.state,
            "error": self.error,
            "audioRate": self.audio_rate,
            "sentFrames": self.sent_frames,
            "receivedBytes": self.received_bytes,
            "audio": base64.b64encode(self.audio).decode(),
            "bufferedBytes": self.buffered_bytes,
            "clearedBytes": self.cleared_bytes,
            "droppedBytes": self.dropped_bytes,
            "messages": list(self.messages),
        }

    @classmethod
    def from_description(cls, item: Mapping[str, Any]) -> AudioSocket:
        """Return the record that :meth:`describe` describes."""
        return cls(
            connector_id=item["id"],
            session_id=item["sessionId"],
            uri=item["uri"],
            state=item["state"],
            error=item["error"],
            audio_rate=item["audioRate"],
            sent_frames=item["sentFrames"],
            received_bytes=item["receivedBytes"],
            audio=base64.b64decode(item["audio"]),
            buffered_bytes=item["bufferedBytes"],
            cleared_bytes=item["clearedBytes"],
            dropped_bytes=item["droppedBytes"],
            messages=tuple(item["messages"]),
        )
