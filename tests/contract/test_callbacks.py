"""The client's callbacks against the emulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.contract import client, join
from tests.support.receiver import receiving
from tokbox import Tokbox, errors
from tokbox.emulator import Server, serve


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as server:
        yield server


@pytest.fixture
def tb(server: Server) -> Iterator[Tokbox]:
    with client(server) as tb:
        yield tb


def test_a_callback_receives_events_until_it_is_deleted(server: Server, tb: Tokbox) -> None:
    session = tb.new_session()
    with receiving() as receiver:
        callback = tb.callbacks.create("connection", "created", receiver.url)
        assert list(tb.callbacks.list()) == [callback]
        assert (callback.group, callback.event, callback.url) == (
            "connection",
            "created",
            receiver.url,
        )
        assert dict(callback.unknown) == {}
        joined = join(server, session)
        server.drain_webhooks()
        tb.callbacks.delete(callback.id)
        join(server, session)
        server.drain_webhooks()
    (received,) = receiver.received
    assert received.json()["connection"]["id"] == joined["connectionId"]
    assert list(tb.callbacks.iter()) == []
    with pytest.raises(errors.NotFoundError):
        tb.callbacks.delete(callback.id)


@pytest.mark.parametrize("group", ["connection", "stream", "sip_call"])
def test_every_group_is_known(group: str, tb: Tokbox) -> None:
    for event in ("created", "destroyed"):
        assert tb.callbacks.create(group, event, "https://hooks.example.org/").id
    assert tb.callbacks.create("archive", "status", "https://hooks.example.org/").id
