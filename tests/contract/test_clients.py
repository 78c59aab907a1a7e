"""Calls of the client that affect connected participants, in both environments."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest

import tokbox
from tests.support.contract import ENVIRONMENTS, client, join
from tokbox import Tokbox, errors
from tokbox.emulator import Server, serve

UNKNOWN = str(uuid.UUID(int=1))


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as server:
        yield server


@pytest.fixture(params=ENVIRONMENTS)
def tb(request: pytest.FixtureRequest, server: Server) -> Iterator[Tokbox]:
    with client(server, request.param) as tb:
        yield tb


@pytest.fixture
def session(tb: Tokbox) -> tokbox.Session:
    return tb.new_session()


def muted(server: Server, session: tokbox.Session) -> dict[str, bool]:
    with server._store.transaction():
        streams = server._store.streams(session.session_id)
    return {stream.stream_id: stream.muted for stream in streams}


# Signals and tones.


def test_a_signal_reaches_all_clients(server: Server, session: tokbox.Session) -> None:
    ids = [join(server, session)["connectionId"] for _ in range(2)]
    session.signal("héllo", type="chat")
    (message,) = server.messages(kind="signal")
    assert message.content == {"type": "chat", "data": "héllo"}
    assert list(message.recipients) == ids


def test_a_signal_reaches_one_client(server: Server, session: tokbox.Session) -> None:
    one, _ = (join(server, session)["connectionId"] for _ in range(2))
    session.signal("x", connection_id=one)
    (message,) = server.messages()
    assert (message.content["type"], message.recipients) == (None, (one,))


def test_a_signal_of_the_largest_size_is_taken(
    server: Server, session: tokbox.Session
) -> None:
    join(server, session)
    session.signal("d" * 8192, type="t" * 128)
    assert len(server.messages()) == 1


def test_a_signal_reaches_a_relayed_session(server: Server, tb: Tokbox) -> None:
    session = tb.new_session(media_mode=tokbox.MediaMode.P2P)
    join(server, session)
    session.signal("x")
    assert len(server.messages()) == 1


def test_tones_reach_all_or_one(server: Server, session: tokbox.Session) -> None:
    one = join(server, session)["connectionId"]
    join(server, session)
    session.play_dtmf("1p23#*")
    session.play_dtmf("9", connection_id=one)
    everybody, alone = server.messages(kind="dtmf")
    assert (everybody.content["digits"], len(everybody.recipients)) == ("1p23#*", 2)
    assert (alone.content["digits"], alone.recipients) == ("9", (one,))


@pytest.mark.parametrize(
    "call",
    [
        lambda session: session.signal("x"),
        lambda session: session.signal("x", connection_id=UNKNOWN),
        lambda session: session.play_dtmf("1"),
        lambda session: session.disconnect(UNKNOWN),
        lambda session: session.mute_stream(UNKNOWN),
        lambda session: session.mute_all(),
        lambda session: session.list_streams(),
        lambda session: session.list_connections(),
        lambda session: session.set_layout_classes({UNKNOWN: []}),
    ],
)
def test_a_session_that_was_never_joined_has_no_clients(
    call: Callable[[tokbox.Session], object], session: tokbox.Session
) -> None:
    with pytest.raises(errors.NotFoundError):
        call(session)


# Moderation.


def test_a_client_is_disconnected(server: Server, session: tokbox.Session) -> None:
    joined = join(server, session)
    session.disconnect(joined["connectionId"])
    assert list(session.list_connections()) == []
    with pytest.raises(errors.NotFoundError):
        session.disconnect(joined["connectionId"])


def test_one_stream_is_muted(server: Server, session: tokbox.Session) -> None:
    one, two = (join(server, session)["streamId"] for _ in range(2))
    session.mute_stream(one)
    assert muted(server, session) == {one: True, two: False}


def test_all_streams_are_muted_until_that_is_ended(
    server: Server, session: tokbox.Session
) -> None:
    one, two = (join(server, session)["streamId"] for _ in range(2))
    session.mute_all(excluded_stream_ids=[one])
    three = join(server, session)["streamId"]
    session.unmute_all()
    four = join(server, session)["streamId"]
    assert muted(server, session) == {one: False, two: True, three: True, four: False}


# Streams and connections.


def test_streams_are_arranged_and_read(server: Server, session: tokbox.Session) -> None:
    one, two = (join(server, session)["streamId"] for _ in range(2))
    session.set_layout_classes({one: ["focus", "small"], two: []})
    found = session.get_stream(one)
    assert found.layout_classes == ("focus", "small")
    assert dict(found.unknown) == {}
    assert [stream.id for stream in session.list_streams()] == [one, two]


def test_connections_are_listed(server: Server, session: tokbox.Session) -> None:
    joined = join(server, session)
    (connection,) = session.list_connections()
    assert (connection.id, connection.state) == (joined["connectionId"], "Connected")
    assert dict(connection.unknown) == {}


@pytest.mark.trap(93)
def test_a_stream_id_that_cannot_be_is_408(server: Server, session: tokbox.Session) -> None:
    join(server, session)
    with pytest.raises(errors.APIError) as caught:
        session.get_stream("nonsense")
    assert caught.value.status == 408
