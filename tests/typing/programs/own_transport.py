"""A program that counts its requests, and names options and answers."""

# pyright: strict

from __future__ import annotations

from collections import Counter

from typing_extensions import Unpack

import tokbox
from tokbox.transport import HTTPTransport, Request, Response, Transport
from tokbox.types import APIResponse, Options, PrivateKeySource


class Counting:
    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.statuses: Counter[int] = Counter()

    def send(self, request: Request) -> Response:
        response = self._inner.send(request)
        self.statuses[response.status] += 1
        return response

    def close(self) -> None:
        self._inner.close()


def client(key: PrivateKeySource, **options: Unpack[Options]) -> tokbox.Tokbox:
    transport = Counting(HTTPTransport(pool_size=20))
    options["transport"] = transport
    return tokbox.Tokbox.from_private_key("an id", key, **options)


def fetch(tb: tokbox.Tokbox, path: str) -> tuple[int, str, bytes]:
    answer: APIResponse = tb.request("GET", path, params={"count": 5})
    return answer.status, answer.headers["content-type"], answer.body


def explain(token: str) -> str:
    try:
        claims = tokbox.decode(token)
    except tokbox.MalformedTokenError as error:
        return error.reason
    end = claims.expire_time or claims.create_time + tokbox.HOURS_24
    lasts = end - claims.create_time
    return f"{claims.kind} {claims.role} of {claims.session_id} for {lasts} s"
