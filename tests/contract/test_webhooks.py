"""Webhooks of the emulator, sent over HTTP to a server that verifies and parses them."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from tests.support.emulator import Api
from tests.support.receiver import Received, Receiver, receiving
from tokbox import Session, Tokbox, webhooks
from tokbox.emulator import DEFAULT_API_KEY, DEFAULT_APPLICATION_ID, Server, serve
from tokbox.emulator.store.webhook_outbox import NAMES
from tokbox.emulator.store.webhook_outbox import SECRET as SIGNATURE_SECRET
from tokbox.errors import UnverifiedWebhookError
from tokbox.types import (
    DestroyedReason,
    NotificationReason,
    SipCallState,
    SipReason,
    VideoType,
)

_E = TypeVar("_E", bound=webhooks.Event)

SECRET = "example0signature0secret"


@dataclass
class Environment:
    """An emulator, a client of one of its projects, and the receiver of its webhooks."""

    server: Server
    tb: Tokbox
    tenant: str
    told: Receiver

    def call(self, method: str, session: Session, path: str, **body: Any) -> Any:
        """Call a control route for what the service's API cannot do in a session."""
        request = urllib.request.Request(
            f"{self.server.url}/_emulator/session/{session.session_id}/{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request) as response:
            return json.loads(response.read() or b"null")

    def join(self, session: Session) -> str:
        """Connect a client that publishes; return the id of its connection."""
        token = session.token(connection_data="name=Ada")
        joined = self.call("POST", session, "connection", token=token, publish=True)
        return str(joined["connectionId"])

    def advance(self, seconds: float) -> None:
        Api(self.server.url).advance(seconds)

    def deliveries(self) -> list[Received]:
        self.server.drain_webhooks()
        return self.told.received

    def events(self, receiver: webhooks.Receiver | None = None) -> list[webhooks.Event]:
        """All events that were received, verified."""
        receiver = receiver or webhooks.Receiver(SECRET)
        return [receiver.receive(one.headers, one.body) for one in self.deliveries()]

    def of(self, kind: type[_E]) -> list[_E]:
        """All received events of one kind."""
        return [event for event in self.events() if isinstance(event, kind)]


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
        settings = dict.fromkeys(NAMES, told.url)
        if signing:
            settings[SIGNATURE_SECRET] = SECRET
        with (
            serve(webhooks={tenant: settings}, processing_delay=0) as server,
            client(server, tenant) as tb,
        ):
            yield Environment(server, tb, tenant, told)


def live_and_die(env: Environment) -> Session:
    """Produce every event that a session can have."""
    session = env.tb.new_session()
    connection = env.join(session)
    env.tb.archives.stop(session.start_archive(name="weekly").id)
    env.call("DELETE", session, f"connection/{connection}/stream")
    env.tb.moderation.disconnect(session.session_id, connection)
    return session


def test_all_events_are_sent_in_order_and_verified(env: Environment) -> None:
    session = live_and_die(env)
    events = env.events()
    assert [type(event) for event in events] == [
        webhooks.SessionCreated,
        webhooks.ConnectionCreated,
        webhooks.StreamCreated,
        *[webhooks.ArchiveChanged] * 3,
        webhooks.StreamDestroyed,
        webhooks.ConnectionDestroyed,
    ]
    for event in events:
        assert event.session_id == session.session_id
        assert event.project_id == env.tenant
        assert dict(event.unknown) == {}


def test_joining_and_removing_a_client_sends_events(env: Environment) -> None:
    live_and_die(env)
    events = env.events()
    first, last = events[1], events[-1]
    assert isinstance(first, webhooks.ConnectionCreated)
    assert isinstance(last, webhooks.ConnectionDestroyed)
    assert first.connection.data == "name=Ada"
    assert last.connection.id == first.connection.id
    assert last.reason is DestroyedReason.FORCE_DISCONNECTED
    assert first.occurred_at is not None
    assert last.occurred_at is not None
    assert first.occurred_at <= last.occurred_at


def test_a_stream_is_the_one_that_the_client_reads(env: Environment) -> None:
    session = env.tb.new_session()
    env.join(session)
    (stream,) = env.tb.streams.list(session.session_id)
    (created,) = env.of(webhooks.StreamCreated)
    assert created.stream.id == stream.id
    assert created.stream.video_type is VideoType.CAMERA
    assert created.stream.connection.data == "name=Ada"


def test_an_archive_is_the_one_that_the_client_reads(env: Environment) -> None:
    live_and_die(env)
    changes = env.of(webhooks.ArchiveChanged)
    assert [one.archive.status for one in changes] == ["started", "stopped", "available"]
    told, read = changes[-1].archive, env.tb.archives.get(changes[-1].archive.id)
    assert (told.id, told.name, told.status) == (read.id, "weekly", read.status)
    assert (told.duration, told.output_mode) == (read.duration, read.output_mode)
    assert told.url
    assert dict(told.unknown) == dict(read.unknown) == {}


def test_session_events_begin_with_the_first_client(env: Environment) -> None:
    session = env.tb.new_session()
    connection = env.join(session)
    env.call("POST", session, "notification")
    env.call("DELETE", session, f"connection/{connection}")
    env.advance(60)
    (created,) = env.of(webhooks.SessionCreated)
    (notified,) = env.of(webhooks.SessionNotification)
    (destroyed,) = env.of(webhooks.SessionDestroyed)
    assert notified.reason is NotificationReason.SERVER_ROTATION
    assert destroyed.reason is DestroyedReason.CLIENT_DISCONNECTED
    for event in (created, notified, destroyed):
        assert event.session_id == session.session_id
        assert event.occurred_at is not None
        assert dict(event.unknown) == {}


def test_a_broadcast_is_the_one_that_the_client_reads(env: Environment) -> None:
    session = env.tb.new_session()
    env.join(session)
    stopped = session.start_broadcast(hls=True)
    env.tb.broadcasts.stop(stopped.id)
    failed = session.start_broadcast(hls=True)
    env.call("POST", session, "failure", id=failed.id)
    changes = [one.broadcast for one in env.of(webhooks.BroadcastChanged)]
    assert [(one.id, one.status) for one in changes] == [
        (stopped.id, "started"),
        (stopped.id, "stopped"),
        (failed.id, "started"),
        (failed.id, "failed"),
    ]
    read = env.tb.broadcasts.get(failed.id)
    assert (changes[-1].resolution, changes[-1].status) == (read.resolution, read.status)
    assert changes[0].urls.hls
    assert [dict(one.unknown) for one in changes] == [{}] * 4


def test_a_render_is_the_one_that_the_client_reads(env: Environment) -> None:
    session = env.tb.new_session()
    env.join(session)
    render = session.start_render("https://app.example.org/view")
    lost = session.start_render("https://app.invalid/view")
    env.advance(2)
    env.tb.renders.stop(render.id)
    changes = [one.render for one in env.of(webhooks.RenderChanged)]
    assert [(one.id, one.status) for one in changes] == [
        (render.id, "started"),
        (lost.id, "failed"),
        (render.id, "stopped"),
    ]
    read = env.tb.renders.get(render.id)
    assert (changes[-1].stream_id, changes[-1].reason) == (read.stream_id, read.reason)
    assert [dict(one.unknown) for one in changes] == [{}] * 3


def test_captions_are_those_that_the_client_reads(env: Environment) -> None:
    session = env.tb.new_session()
    connection = env.join(session)
    captions = session.start_captions()
    env.call("DELETE", session, f"connection/{connection}/stream")
    env.call("POST", session, f"connection/{connection}/stream")
    env.call("POST", session, "failure", id=captions.id)
    changes = [one.captions for one in env.of(webhooks.CaptionsChanged)]
    assert {one.id for one in changes} == {captions.id}
    statuses = [one.status for one in changes]
    assert statuses == ["started", "paused", "started", "failed"]
    with pytest.deprecated_call():
        read = env.tb.captions.get(captions.id)
    assert (changes[-1].reason, changes[-1].status) == (read.reason, read.status)
    assert [dict(one.unknown) for one in changes] == [{}] * 4


def test_a_call_sends_events_from_dialling_to_its_end(env: Environment) -> None:
    session = env.tb.new_session()
    connection = env.join(session)
    call = session.dial("sip:user@gateway.example.org", observe_force_mute=True)
    env.advance(10)
    env.tb.moderation.mute_all(session.session_id)
    env.call("DELETE", session, f"connection/{connection}")
    env.advance(300)
    events = env.of(webhooks.SipCallEvent)
    assert [type(event) for event in events] == [
        webhooks.SipCallCreated,
        *[webhooks.SipCallUpdated] * 2,
        webhooks.SipCallMuteForced,
        webhooks.SipCallDestroyed,
    ]
    for event in events:
        assert (event.call.id, event.call.connection_id) == (call.id, call.connection_id)
        assert dict(event.unknown) == dict(event.call.unknown) == {}
    states = [event.state for event in env.of(webhooks.SipCallUpdated)]
    assert states == [SipCallState.RINGING, SipCallState.ACTIVE]
    (end,) = env.of(webhooks.SipCallDestroyed)
    assert (end.reason_code, end.reason_message) == (SipReason.MAX_INACTIVE, "Max Inactive")


def test_each_delivery_has_a_signature_of_its_own_that_names_the_tenant(
    env: Environment,
) -> None:
    live_and_die(env)
    receiver = webhooks.Receiver(SECRET)
    claims = [receiver.verify(one.headers, one.body) for one in env.deliveries()]
    assert len({one.token_id for one in claims}) == len(claims) == 8
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
    assert len(env.events(right)) == 3
    with pytest.raises(UnverifiedWebhookError) as caught:
        env.events(wrong)
    assert caught.value.reason == "wrong_project"


def test_a_webhook_changed_in_transit_is_refused(env: Environment) -> None:
    env.join(env.tb.new_session())
    _, one, other = env.deliveries()
    reasons = []
    for headers, body, secret in (
        (one.headers, one.body.replace(b"Ada", b"Eve"), SECRET),
        (one.headers, other.body, SECRET),
        (one.headers, one.body, SECRET + "x"),
    ):
        with pytest.raises(UnverifiedWebhookError) as caught:
            webhooks.Receiver(secret).receive(headers, body)
        reasons.append(caught.value.reason)
    assert reasons == ["altered", "altered", "bad_signature"]


@pytest.mark.parametrize("signing", [False])
def test_an_unsigned_webhook_is_refused_but_can_be_parsed(env: Environment) -> None:
    env.join(env.tb.new_session())
    for one in env.deliveries():
        with pytest.raises(UnverifiedWebhookError) as caught:
            webhooks.Receiver(SECRET).receive(one.headers, one.body)
        assert caught.value.reason == "missing_header"
        assert isinstance(webhooks.parse(one.body), webhooks.SessionEvent)


@pytest.mark.trap(108)
def test_a_late_retry_needs_a_receiver_with_a_large_maximum_age(env: Environment) -> None:
    session = env.tb.new_session()
    env.told.statuses.extend([503] * 20)
    env.join(session)
    env.server.drain_webhooks()
    env.advance(3600)
    late = env.deliveries()[-1]
    with pytest.raises(UnverifiedWebhookError) as caught:
        webhooks.Receiver(SECRET).receive(late.headers, late.body)
    assert caught.value.reason == "too_old"
    patient = webhooks.Receiver(SECRET, max_age=86_400)
    assert patient.receive(late.headers, late.body).session_id == session.session_id


def test_broadcast_and_captions_events_are_signed(env: Environment) -> None:
    session = env.tb.new_session()
    env.join(session)
    broadcast = env.tb.broadcasts.start(session.session_id, hls=True)
    captions = session.start_captions()
    env.tb.captions.stop(captions.id)
    env.tb.broadcasts.stop(broadcast.id)
    env.server.drain_webhooks()
    assert [one.broadcast.status for one in env.of(webhooks.BroadcastChanged)] == [
        "started",
        "stopped",
    ]
    assert [one.captions.status for one in env.of(webhooks.CaptionsChanged)] == [
        "started",
        "stopped",
    ]
    for one in env.deliveries():
        with pytest.raises(UnverifiedWebhookError) as caught:
            webhooks.Receiver("another0secret").receive(one.headers, one.body)
        assert caught.value.reason == "bad_signature"
