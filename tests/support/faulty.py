"""A server on loopback that answers, or fails, as a test defines.

Each request takes the next *step* (the last one serves for all that follow); a step is
a function of the :class:`Exchange`. A *greeting* is sent before anything is asked, and the
first *resets* connections are reset before that: at once, or with *reset_after_hello* when
the first byte has come. Nothing here is HTTP-aware beyond reading
a request: a step writes the bytes that it wants to be seen.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

_SHORT = 0.05
_LONG = 30.0


@dataclass
class Received:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Exchange:
    """A request, and the socket to answer it on."""

    sock: socket.socket
    request: Received
    stopping: threading.Event
    #: A result of a step, which the test finds in ``server.notes``.
    notes: list[str]
    keep: bool = field(default=False)

    def send(self, data: bytes) -> None:
        # The short time-out is for reading, to notice the end of the test.
        self.sock.settimeout(_LONG)
        self.sock.sendall(data)
        self.sock.settimeout(_SHORT)


Step = Callable[[Exchange], None]


def answer(
    status: int = 200,
    body: bytes | str | dict[str, object] | list[object] = b"",
    headers: dict[str, str] | None = None,
    *,
    keep: bool = True,
) -> Step:
    """Answer properly."""
    kind = "application/json"
    if isinstance(body, dict | list):
        body = json.dumps(body)
    data = body.encode() if isinstance(body, str) else body
    fields = {"Content-Type": kind, "Content-Length": str(len(data)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return raw(f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + data, keep=keep)


def raw(data: bytes, *, keep: bool = False) -> Step:
    """Send these bytes; then close, unless *keep*."""

    def step(exchange: Exchange) -> None:
        exchange.send(data)
        exchange.keep = keep

    return step


def reset(after: bytes = b"") -> Step:
    """Send these bytes, then break the connection with a RST."""

    def step(exchange: Exchange) -> None:
        if after:
            exchange.send(after)
        _reset_when_closed(exchange.sock)

    return step


def _reset_when_closed(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drip(head: bytes, each: bytes) -> Step:
    """Send *head*, then *each* again and again, slowly, until the client disconnects.

    A client that reads to the end, for about ten seconds, is recorded in the notes.
    """

    def step(exchange: Exchange) -> None:
        exchange.send(head)
        for _ in range(500):
            if exchange.stopping.wait(0.02):
                return
            exchange.send(each)
        exchange.notes.append("heard to the end")

    return step


def silence(exchange: Exchange) -> None:
    """Never answer."""
    exchange.stopping.wait()


class FaultyServer:
    """Serve *steps* from threads until closed."""

    def __init__(
        self,
        *steps: Step,
        tls: ssl.SSLContext | None = None,
        greeting: bytes = b"",
        resets: int = 0,
        reset_after_hello: bool = False,
    ) -> None:
        self._greeting = greeting
        self._resets = resets
        self._reset_after_hello = reset_after_hello
        self._steps = list(steps)
        self._tls = tls
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self.requests: list[Received] = []
        self.connections = 0
        self.notes: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        # A listener that is closed elsewhere does not wake an accept() on Linux.
        self._listener.settimeout(_SHORT)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._start(self._accept)

    def __enter__(self) -> FaultyServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def wait_for_hangups(self) -> None:
        """Return when every connection so far is closed; only if none is kept."""
        for thread in self._threads[1:]:
            thread.join()

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except TimeoutError:
                continue
            with self._lock:
                self.connections += 1
            if self.connections <= self._resets:
                if self._reset_after_hello:
                    sock.settimeout(_LONG)
                    sock.recv(1)
                _reset_when_closed(sock)
                sock.close()
                continue
            self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(lambda: sock.close())
            stack.enter_context(contextlib.suppress(OSError))
            sock.settimeout(_LONG)
            if self._greeting:
                sock.sendall(self._greeting)
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
            sock.settimeout(_SHORT)
            for request in self._requests(sock):
                with self._lock:
                    self.requests.append(request)
                    step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
                exchange = Exchange(sock, request, self._stopping, self.notes)
                step(exchange)
                if not exchange.keep:
                    return

    def _requests(self, sock: socket.socket) -> Iterator[Received]:
        buffer = b""
        while True:
            while b"\r\n\r\n" not in buffer:
                data = self._receive(sock)
                if not data:
                    return
                buffer += data
            head, _, buffer = buffer.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            method, target, _ = first.split(" ", 2)
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in lines)
            }
            length = int(headers.get("content-length", "0"))
            while len(buffer) < length:
                data = self._receive(sock)
                if not data:
                    return
                buffer += data
            body, buffer = buffer[:length], buffer[length:]
            yield Received(method, target, headers, body)

    def _receive(self, sock: socket.socket) -> bytes:
        while not self._stopping.is_set():
            try:
                return sock.recv(65_536)
            except TimeoutError:
                continue
        return b""
