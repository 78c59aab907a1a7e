"""Responses with injected faults, and access to the TCP connection for them."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.faults import BODILESS, Fault

__all__ = ["FaultyResponse", "Protocol", "check_supported"]

#: The key of the transport in the ASGI scope's extensions.
_EXTENSION = "tokbox.transport"


class _BufferedTransport:
    """A transport that can buffer writes and send them at once.

    uvicorn writes the head and the body of a response separately, which makes two packets
    and wakes the client twice.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held: list[bytes] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send *data*, or buffer it between :meth:`hold` and :meth:`release`."""
        if self._held is None:
            self._transport.write(data)
        else:
            self._held.append(data)

    def hold(self) -> None:
        """Start to buffer writes."""
        self._held = []

    def release(self) -> None:
        """Send the buffered writes."""
        held, self._held = self._held, None
        if held:
            self._transport.write(b"".join(held))

    def close(self) -> None:
        """Send the buffered writes and close the connection."""
        self.release()
        self._transport.close()


class Protocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with access to the transport.

    It sends the head of a response together with the first part of the body.
    """

    #: The target of the current request.
    url: bytes

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        gathering = _BufferedTransport(transport)
        self.transport = gathering  # type: ignore[assignment]
        app = self.app

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            head: Message | None = None

            async def send_gathered(message: Message) -> None:
                nonlocal head
                if message["type"] == "http.response.start":
                    head = message
                    return
                if head is None:
                    await send(message)
                    return
                start, head = head, None
                gathering.hold()
                try:
                    await send(start)
                    await send(message)
                finally:
                    gathering.release()

            scope["extensions"] = {_EXTENSION: transport}
            await app(scope, receive, send_gathered)

        self.app = with_transport

    def on_headers_complete(self) -> None:
        """Start the application, or the handler of unknown paths: a target that is a
        whole URL is for proxies (RFC 9112, 3.2.2)."""
        if not self.url.startswith(b"/"):
            self.url = b"/" + self.url
        super().on_headers_complete()


def check_supported(fault: Fault, request: Request) -> None:
    """Refuse a fault with 400 if the server does not provide the transport for it."""
    needs_it = fault.closes_unanswered or fault.truncate is not None
    if needs_it and _EXTENSION not in request.scope.get("extensions", {}):
        raise HTTPError(
            400, "This fault needs the server of tokbox.emulator, not another ASGI server"
        )


class FaultyResponse(Response):
    """*answer* modified by *fault*. Faults without a response only close the connection."""

    def __init__(self, answer: Response, fault: Fault) -> None:
        super().__init__()
        self.status_code: int = answer.status_code
        self._answer = answer
        self._fault = fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response or a part of it; close the connection if the fault does."""
        fault, answer = self._fault, self._answer
        if fault.after and fault.delay:
            await asyncio.sleep(fault.delay)
        if not fault.closes_unanswered and fault.truncate is None:
            await answer(scope, receive, send)
            return
        transport: asyncio.Transport = scope["extensions"][_EXTENSION]
        if fault.truncate is not None:
            await self._send_part(send, fault.truncate)
        if fault.reset:
            # Closing with a linger time of zero sends RST instead of FIN.
            connection = transport.get_extra_info("socket")
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            transport.abort()
        else:
            transport.close()
        # uvicorn logs an error if the application returns early, so wait for the
        # disconnect.
        while (await receive())["type"] != "http.disconnect":
            pass

    async def _send_part(self, send: Send, length: int) -> None:
        answer, body = self._answer, bytes(self._answer.body)
        headers = [
            (name, value) for name, value in answer.raw_headers if name != b"content-length"
        ]
        if not self._fault.chunked and answer.status_code not in BODILESS:
            # Always more than the number of bytes sent, even if the whole body is sent.
            promised = max(len(body), length + 1)
            headers.append((b"content-length", str(promised).encode()))
        await send(
            {
                "type": "http.response.start",
                "status": answer.status_code,
                "headers": headers,
            }
        )
        # With more_body the server does not end the body.
        await send({"type": "http.response.body", "body": body[:length], "more_body": True})
