"""The WebSockets of Audio Connectors, which send a test tone and record the response."""

from __future__ import annotations

import asyncio
import base64
import binascii
import concurrent.futures
import json
import math
import re
import struct
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from tokbox.emulator.model.audio_socket import AudioSocket, AudioSocketState
from tokbox.emulator.model.clock import Clock
from tokbox.emulator.model.hosts import is_local_name
from tokbox.emulator.model.records import Job

__all__ = ["AudioSocket", "AudioSocketState", "AudioSockets"]

#: The length of an audio frame in milliseconds, and frames in a second.
_FRAME_MS = 20
_FRAMES_PER_SECOND = 1000 // _FRAME_MS
#: The time between two looks at the emulated clock, in seconds.
_TICK = _FRAME_MS / 1000
#: The frames that fit into the buffer of the service, which has 60 seconds. A jump of the
#: clock sends as many at most.
_BUFFER_FRAMES = 60 * _FRAMES_PER_SECOND
#: The limits of what is recorded: connectors, messages of each, and frames of audio.
_MAX_SOCKETS = 100
_MAX_MESSAGES = 1_000
_MAX_FRAMES = 5 * _BUFFER_FRAMES
#: The documented time to open a WebSocket, and the time to close one, in seconds.
_OPEN_TIMEOUT = 6
_CLOSE_TIMEOUT = 1
_TONE_HZ = 440
_AMPLITUDE = 8_000

#: Headers that the handshake itself sets (RFC 6455, 4.1).
_RESERVED = re.compile(r"host|upgrade|connection|content-length|sec-websocket-.*", re.I)
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t -~]*")


class AudioSockets:
    """The WebSockets of one emulator, in a thread that starts with the first of them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._exchanges: dict[str, _Exchange] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        #: Called with the job and the reason when a WebSocket ends by itself.
        self.on_end: Callable[[Job, str], None] = lambda job, reason: None

    def open(
        self, job: Job, headers: Mapping[str, str], static_fields: Mapping[str, str]
    ) -> None:
        """Connect to the URI of *job*, if it is a loopback address, without waiting for it.

        *headers* and *static_fields* may be secret; they stay in memory.
        """
        exchange = _Exchange(job, headers, static_fields, self._clock)
        with self._lock:
            self._exchanges[job.job_id] = exchange
            if len(self._exchanges) > _MAX_SOCKETS:
                self._forget_oldest()
        if not is_local_name(urlsplit(exchange.uri).hostname or ""):
            reason = "not a loopback address, so the emulator does not connect"
            exchange.end("refused", reason)
            return
        loop = self._running_loop()
        exchange.future = asyncio.run_coroutine_threadsafe(self._run(exchange), loop)

    def close(self, job_id: str) -> None:
        """Close the WebSocket of a job that has ended, without waiting for it."""
        with self._lock:
            exchange = self._exchanges.get(job_id)
        if exchange is not None and exchange.is_running and exchange.future is not None:
            # Here too: a coroutine that is cancelled before its first step never runs.
            exchange.end("closed", "")
            exchange.future.cancel()

    def find(
        self, *, session_id: str | None = None, connector_id: str | None = None
    ) -> list[AudioSocket]:
        """Return the records that match all given filters, oldest first."""
        with self._lock:
            found = list(self._exchanges.values())
        return [
            exchange.record()
            for exchange in found
            if session_id in (None, exchange.job.session_id)
            and connector_id in (None, exchange.job.job_id)
        ]

    def clear(self) -> None:
        """Close all WebSockets, and delete the records."""
        for job_id in list(self._exchanges):
            self.close(job_id)
        with self._lock:
            self._exchanges.clear()

    def stop(self) -> None:
        """Close all WebSockets and end the thread; a second call does nothing."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        self._loop = None
        asyncio.run_coroutine_threadsafe(_cancel_all(loop), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def _forget_oldest(self) -> None:
        for job_id, exchange in self._exchanges.items():
            if not exchange.is_running:
                del self._exchanges[job_id]
                return

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(
                target=self._loop.run_forever, name="emulator audio", daemon=True
            )
            self._thread.start()
        return self._loop

    async def _run(self, exchange: _Exchange) -> None:
        try:
            async with _Connect(
                exchange.uri,
                additional_headers=exchange.handshake_headers(),
                user_agent_header="tokbox-emulator",
                compression=None,
                proxy=None,
                open_timeout=_OPEN_TIMEOUT,
                close_timeout=_CLOSE_TIMEOUT,
            ) as connection:
                await exchange.run(connection)
            closed = connection.close_code
            exchange.end("closed", f"the server closed the WebSocket with code {closed}")
        except asyncio.CancelledError:
            exchange.end("closed", "")
            raise
        except ConnectionClosed as error:
            exchange.end("closed", f"the WebSocket was closed: {error}")
        except InvalidStatus as error:
            status = error.response.status_code
            exchange.end("failed", f"the server answered the handshake with {status}")
        except (OSError, WebSocketException) as error:
            exchange.end("failed", f"{type(error).__name__}: {error}")
        self.on_end(exchange.job, exchange.error)


class _Connect(connect):
    """A connection that follows no redirects: they could leave this machine."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class _Exchange:
    """One WebSocket: its state, the audio buffer, and the messages in both directions."""

    def __init__(
        self,
        job: Job,
        headers: Mapping[str, str],
        static_fields: Mapping[str, str],
        clock: Clock,
    ) -> None:
        options = job.options
        transport = options.get("audioTransport", {})
        self.job = job
        self.uri: str = options["uri"]
        self.error = ""
        self.future: concurrent.futures.Future[None] | None = None
        self._headers = headers
        self._static_fields = static_fields
        self._clock = clock
        self._rate: int = options["audioRate"]
        self._bidirectional = "videoType" in options
        self._json = transport.get("transport") == "json"
        self._audio_field: str = transport.get("audio_field", "audio")
        self._receive_field: str = transport.get("receive_audio_field", self._audio_field)
        self._frame_bytes = self._rate // _FRAMES_PER_SECOND * 2
        self._lock = threading.Lock()
        self._state: AudioSocketState = "connecting"
        self._sent = self._received = self._cleared = self._dropped = 0
        self._buffer = bytearray()
        self._audio = bytearray()
        self._messages: deque[Any] = deque(maxlen=_MAX_MESSAGES)
        #: Requests for a notification, with the bytes that must be published before.
        self._notifications: deque[tuple[int, object]] = deque()
        self._published = 0

    @property
    def is_running(self) -> bool:
        return self._state in ("connecting", "open")

    def record(self) -> AudioSocket:
        with self._lock:
            return AudioSocket(
                connector_id=self.job.job_id,
                session_id=self.job.session_id,
                uri=self.uri,
                state=self._state,
                error=self.error,
                audio_rate=self._rate,
                sent_frames=self._sent,
                received_bytes=self._received,
                audio=bytes(self._audio),
                buffered_bytes=len(self._buffer),
                cleared_bytes=self._cleared,
                dropped_bytes=self._dropped,
                messages=tuple(self._messages),
            )

    def end(self, state: AudioSocketState, error: str) -> None:
        with self._lock:
            self._state, self.error = state, error

    def handshake_headers(self) -> list[tuple[str, str]]:
        """Return the headers that HTTP can transport."""
        return [
            (name, value)
            for name, value in self._headers.items()
            if _HEADER.fullmatch(f"{name}: {value}") and not _RESERVED.fullmatch(name)
        ]

    async def run(self, connection: ClientConnection) -> None:
        """Exchange audio and messages until the server closes the WebSocket."""
        with self._lock:
            self._state = "open"
        greeting = {
            **self._headers,
            "event": "websocket:connected",
            "content-type": f"audio/l16;rate={self._rate}",
        }
        # Before the greeting: the clock may be advanced as soon as it has arrived.
        started_ms = self._clock.now_ms()
        await connection.send(json.dumps(greeting))
        sending = asyncio.create_task(self._send(connection, started_ms))
        try:
            async for message in connection:
                await self._receive(message, connection)
        except asyncio.CancelledError:
            with suppress(ConnectionClosed, TimeoutError):
                goodbye = json.dumps({"event": "websocket:disconnected"})
                await asyncio.wait_for(connection.send(goodbye), _CLOSE_TIMEOUT)
            raise
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _send(self, connection: ClientConnection, started_ms: int) -> None:
        """Send the frames that are due by the emulated clock, and publish as many."""
        position = 0
        while True:
            due = (self._clock.now_ms() - started_ms) // _FRAME_MS
            for number in range(max(position, due - _BUFFER_FRAMES), due):
                await connection.send(self._frame(number))
                self._publish()
                await self._notify(connection)
            position = max(position, due)
            await asyncio.sleep(_TICK)

    def _frame(self, number: int) -> bytes | str:
        begin = number % _FRAMES_PER_SECOND * self._frame_bytes
        frame = _tone(self._rate)[begin : begin + self._frame_bytes]
        if not self._json:
            return frame
        audio = base64.b64encode(frame).decode()
        return json.dumps({**self._static_fields, self._audio_field: audio})

    def _publish(self) -> None:
        """Publish a frame from the buffer, and count the frame that was sent."""
        with self._lock:
            self._sent += 1
            frame = self._buffer[: self._frame_bytes]
            del self._buffer[: self._frame_bytes]
            self._published += len(frame)
            self._audio += frame
            del self._audio[: max(0, len(self._audio) - _MAX_FRAMES * self._frame_bytes)]

    async def _notify(self, connection: ClientConnection) -> None:
        while self._notifications and self._notifications[0][0] <= self._published:
            _, payload = self._notifications.popleft()
            event = {"event": "websocket:notify", "payload": payload}
            await connection.send(json.dumps(event))

    async def _receive(self, message: str | bytes, connection: ClientConnection) -> None:
        if isinstance(message, bytes):
            self._add_audio(message)
            return
        content: Any = message
        with suppress(ValueError, RecursionError):
            content = json.loads(message)
        fields = content if isinstance(content, dict) else {}
        if self._json and isinstance(fields.get(self._receive_field), str):
            with suppress(binascii.Error, ValueError):
                audio = base64.b64decode(fields[self._receive_field], validate=True)
                self._add_audio(audio)
                return
        with self._lock:
            self._messages.append(content)
        if fields.get("action") == "clear":
            with self._lock:
                self._cleared += len(self._buffer)
                self._buffer.clear()
                self._notifications.clear()
            await connection.send(json.dumps({"event": "websocket:cleared"}))
        elif fields.get("action") == "notify":
            after = self._published + len(self._buffer)
            self._notifications.append((after, fields.get("payload")))
            await self._notify(connection)

    def _add_audio(self, audio: bytes) -> None:
        with self._lock:
            self._received += len(audio)
            free = _BUFFER_FRAMES * self._frame_bytes - len(self._buffer)
            kept = audio[:free] if self._bidirectional else b""
            self._buffer += kept
            self._dropped += len(audio) - len(kept)


async def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop) - {asyncio.current_task(loop)}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await loop.shutdown_default_executor()


@lru_cache(3)
def _tone(rate: int) -> bytes:
    """Return one second of the test tone as PCM."""
    step = 2 * math.pi * _TONE_HZ / rate
    samples = (round(_AMPLITUDE * math.sin(step * number)) for number in range(rate))
    return struct.pack(f"<{rate}h", *samples)
