"""What the emulator sends, over HTTP, to a server that verifies and reads it."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.emulator.receiver import Received, Receiver, receiving
from tokbox import DestroyedReason, Session, Tokbox, VideoType, webhooks
from tokbox.emulator import DEFAULT_API_KEY, DEFAULT_APPLICATION_ID, Server, serve
from tokbox.errors import UnverifiedWebhook

SECRET = "example0signature0secret"
TOLD = (
    *("archive_status", "connection_created", "connection_destroyed"),
    *("stream_created", "stream_destroyed"),
)


@dataclass
class Environment:
    """An emulator, a client of one of its tenants, and whom it tells."""

    server: Server
    tb: Tokbox
    tenant: str
    told: Receiver

    def call(self, method: str, session: Session, path: str = "", **body: Any) -> Any:
        """Let a simulated client do something."""
        request = urllib.request.Request(
            f"{self.server.url}/_emulator/session/{session.session_id}/connection{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request) as response:
            return json.loads(response.read() or b"null")

    def join(self, session: Session) -> str:
        """Let a client join and publish; returns the id of its connection."""
        token = session.token(connection_data="name=Ada")
        joined = self.call("POST", session, token=token, publish=True)
        return str(joined["connectionId"])

    def deliveries(self) -> list[Received]:
        self.server.drain_webhooks()
        return self.told.received

    def events(self, receiver: webhooks.Receiver | None = None) -> list[webhooks.Event]:
        """Everything that was told, verified."""
        receiver = receiver or webhooks.Receiver(SECRET)
        return [receiver.receive(one.headers, one.body) for one in self.deliveries()]


def client(server: Server, tenant: str) -> Tokbox:
    if tenant == server.api_key:
        return Tokbox(tenant, server.secret, server.url, trust_env=False)
    return Tokbox.from_private_key(tenant, server.private_key, server.url, trust_env=False)


@pytest.fixture(params=[DEFAULT_API_KEY, DEFAULT_APPLICATION_ID], ids=["OpenTok", "Vonage"])
def tenant(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def signing(tenant: str) -> bool:
    return True


@pytest.fixture
def env(tenant: str, signing: bool) -> Iterator[Environment]:
    with receiving() as told:
        settings = dict.fromkeys(TOLD, told.url)
        if signing:
            settings["signature_secret"] = SECRET
        with (
            serve(webhooks={tenant: settings}, processing_delay=0) as server,
            client(server, tenant) as tb,
        ):
            yield Environment(server, tb, tenant, told)


def live_and_die(env: Environment) -> Session:
    """Let a session see everything that is told of it."""
    session = env.tb.new_session()
    connection = env.join(session)
    env.tb.archives.stop(session.start_archive(name="weekly").id)
    env.call("DELETE", session, f"/{connection}/stream")
    env.tb.moderation.disconnect(session.session_id, connection)
    return session


def test_everything_that_happens_is_told_in_order_and_verified(env: Environment) -> None:
    session = live_and_die(env)
    events = env.events()
    assert [type(event) for event in events] == [
        webhooks.ConnectionCreated,
        webhooks.StreamCreated,
        *[webhooks.ArchiveChanged] * 3,
        webhooks.StreamDestroyed,
        webhooks.ConnectionDestroyed,
    ]
    for event in events:
        assert event.session_id == session.session_id
        assert env.tenant in (event.project_id, event.application_id)
        assert dict(event.unknown) == {}


def test_a_client_that_joins_and_is_removed_is_told_of(env: Environment) -> None:
    live_and_die(env)
    events = env.events()
    first, last = events[0], events[-1]
    assert isinstance(first, webhooks.ConnectionCreated)
    assert isinstance(last, webhooks.ConnectionDestroyed)
    assert first.connection.data == "name=Ada"
    assert last.connection.id == first.connection.id
    assert last.reason is DestroyedReason.FORCE_DISCONNECTED
    assert first.when is not None
    assert last.when is not None
    assert first.when <= last.when


def test_a_stream_is_the_one_that_the_client_reads(env: Environment) -> None:
    session = env.tb.new_session()
    env.join(session)
    (stream,) = env.tb.streams.list(session.session_id)
    created = env.events()[1]
    assert isinstance(created, webhooks.StreamCreated)
    assert created.stream.id == stream.id
    assert created.stream.video_type is VideoType.CAMERA
    assert created.stream.connection.data == "name=Ada"


def test_an_archive_is_the_one_that_the_client_reads(env: Environment) -> None:
    live_and_die(env)
    changes = [e for e in env.events() if isinstance(e, webhooks.ArchiveChanged)]
    assert [one.archive.status for one in changes] == ["started", "stopped", "available"]
    told, read = changes[-1].archive, env.tb.archives.get(changes[-1].archive.id)
    assert (told.id, told.name, told.status) == (read.id, "weekly", read.status)
    assert (told.duration, told.output_mode) == (read.duration, read.output_mode)
    assert told.url
    assert dict(told.unknown) == dict(read.unknown) == {}


def test_each_delivery_has_a_signature_of_its_own_that_names_the_tenant(
    env: Environment,
) -> None:
    live_and_die(env)
    receiver = webhooks.Receiver(SECRET)
    claims = [receiver.verify(one.headers, one.body) for one in env.deliveries()]
    assert len({one.token_id for one in claims}) == len(claims) == 7
    for one in claims:
        assert one.issuer == "Vonage"
        assert env.tenant in (one.api_key, one.application_id)
        assert dict(one.unknown) == {}


def test_it_can_be_held_to_its_tenant_and_to_no_other(env: Environment) -> None:
    env.join(env.tb.new_session())
    if env.tenant == DEFAULT_API_KEY:
        right = webhooks.Receiver(SECRET, api_key=env.tenant)
        wrong = webhooks.Receiver(SECRET, api_key="40000123")
    else:
        right = webhooks.Receiver(SECRET, application_id=env.tenant)
        wrong = webhooks.Receiver(SECRET, api_key=env.tenant)
    assert len(env.events(right)) == 2
    with pytest.raises(UnverifiedWebhook) as caught:
        env.events(wrong)
    assert caught.value.reason == "wrong_tenant"


def test_what_was_sent_and_changed_on_its_way_is_refused(env: Environment) -> None:
    env.join(env.tb.new_session())
    one, other = env.deliveries()
    reasons = []
    for headers, body, secret in (
        (one.headers, one.body.replace(b"Ada", b"Eve"), SECRET),
        (one.headers, other.body, SECRET),
        (one.headers, one.body, SECRET + "x"),
    ):
        with pytest.raises(UnverifiedWebhook) as caught:
            webhooks.Receiver(secret).receive(headers, body)
        reasons.append(caught.value.reason)
    assert reasons == ["altered", "altered", "bad_signature"]


@pytest.mark.parametrize("signing", [False])
def test_what_is_not_signed_is_refused_but_can_be_read(env: Environment) -> None:
    env.join(env.tb.new_session())
    for one in env.deliveries():
        with pytest.raises(UnverifiedWebhook) as caught:
            webhooks.Receiver(SECRET).receive(one.headers, one.body)
        assert caught.value.reason == "missing_header"
        assert isinstance(webhooks.parse(one.body), webhooks.SessionEvent)
