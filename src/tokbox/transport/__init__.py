"""Transports, which send the requests of a client.

:class:`Transport` is the protocol: it sends one request and returns one response.
:class:`HTTPTransport` is the default. A wrapper sees every attempt, for example to
measure it::

    class Timed:
        def __init__(self, inner: Transport) -> None:
            self._inner = inner

        def send(self, request: Request) -> Response:
            started = time.monotonic()
            response = self._inner.send(request)
            print(request.method, request.path, time.monotonic() - started)
            return response

        def close(self) -> None:
            self._inner.close()

    tb = Tokbox(api_key, secret, transport=Timed(HTTPTransport()))

Retries, the timeout of a call and the errors for responses are handled by the client.
"""

from tokbox.transport.http_transport import HTTPTransport
from tokbox.transport.protocol import Headers, Request, Response, Transport

__all__ = ["HTTPTransport", "Headers", "Request", "Response", "Transport"]
