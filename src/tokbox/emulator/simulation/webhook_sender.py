"""The thread that sends webhooks and runs due events for them."""

from __future__ import annotations

import hashlib
import threading
from typing import NamedTuple
from urllib.parse import urldefrag, urlsplit

from tokbox.emulator.model.rules import Rules
from tokbox.emulator.simulation import engine, jwt
from tokbox.emulator.simulation.emulator import Emulator
from tokbox.emulator.store.webhook_outbox import SECRET, Delivery
from tokbox.errors import TransportError
from tokbox.literals import WebhookState
from tokbox.transport.http_transport import HTTPTransport
from tokbox.transport.protocol import Headers, Request

__all__ = ["TIMEOUT", "Attempt", "WebhookSender", "next_attempt_ms", "send", "sign"]

#: The published schedule of retries: the delay before the first one, which doubles until
#: the maximum, and the time after which a delivery has failed, in milliseconds.
_FIRST_DELAY_MS = 5_000
_MAX_DELAY_MS = 15 * 60_000
_RETRIED_FOR_MS = 24 * 3_600_000
#: The number of retries with the rule ``webhook_retries=four``.
_FOUR = 4
#: The timeout of an attempt, from the first to the last byte, in seconds.
TIMEOUT = 5.0
#: The maximum size of a response in bytes.
_MAX_RESPONSE = 65_536
#: The interval for due events, in seconds: with receivers, and without any.
_TICK = 0.2
_IDLE_TICK = 1.0
#: The issuer of Vonage's signed webhooks.
_ISSUER = "Vonage"


class Attempt(NamedTuple):
    """The result of sending a webhook once."""

    #: The status of the response; None without a response.
    status: int | None
    #: Why the webhook was not delivered; None if it was.
    error: str | None
    #: The body of the response.
    body: bytes = b""


class WebhookSender:
    """Send the due deliveries of *emulator*, one at a time.

    New deliveries are sent in the order of their events. A failed delivery is retried by
    the emulated clock, independently of others. Any 2xx response means delivered.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._transport = HTTPTransport(trust_env=False)
        self._changed = threading.Condition()
        self._news = False
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._emulator.webhook_outbox.wake = self._wake
        self._thread = threading.Thread(target=self._run, name="emulator webhooks")
        self._thread.daemon = True
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread after the current attempt."""
        self._stopping = True
        self._wake()
        if self._thread is not None:
            self._thread.join()
        self._transport.close()

    def _wake(self) -> None:
        with self._changed:
            self._news = True
            self._changed.notify_all()

    def _run(self) -> None:
        while not self._stopping:
            delivery, pause = self._next()
            if delivery is not None:
                self._attempt(delivery)
                continue
            with self._changed:
                if not self._news:
                    self._changed.wait(pause)
                self._news = False

    def _next(self) -> tuple[Delivery | None, float]:
        """Return a delivery that is due, or ``None`` and the time to wait in seconds."""
        emulator, webhooks = self._emulator, self._emulator.webhook_outbox
        with emulator.store.transaction():
            if not webhooks.has_receivers():
                return None, _IDLE_TICK
            now_ms = emulator.clock.now_ms()
            engine.run_due_events(emulator, now_ms)
            return webhooks.next_due(now_ms), _TICK

    def _attempt(self, delivery: Delivery) -> None:
        emulator, webhooks = self._emulator, self._emulator.webhook_outbox
        with emulator.store.transaction():
            secret = webhooks.settings(delivery.project_id).get(SECRET)
        signed_at = emulator.clock.real()
        if emulator.rules.webhook_signature == "first":
            signed_at -= (delivery.due_ms - delivery.at_ms) / 1000
        status, error, _ = send(self._transport, delivery, secret, now=signed_at)
        state: WebhookState = "delivered"
        due_ms = delivery.due_ms
        if error is not None:
            next_ms = next_attempt_ms(delivery, emulator.rules)
            if next_ms is None:
                state = "failed"
            else:
                state, due_ms = "waiting", next_ms
        with emulator.store.transaction():
            webhooks.record_attempt(
                delivery, status=status, error=error, state=state, due_ms=due_ms
            )


def send(
    transport: HTTPTransport, delivery: Delivery, secret: str | None, *, now: float
) -> Attempt:
    """Send a webhook once, signed with *secret* at the time *now*, if there is one."""
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "tokbox-emulator",
        "Connection": "close",
    }
    if secret is not None:
        headers["Authorization"] = f"Bearer {sign(delivery, secret, now=now)}"
    url = urldefrag(delivery.url).url
    request = Request(
        method="POST",
        url=url,
        path=urlsplit(url).path,
        headers=Headers(headers),
        body=delivery.body.encode(),
        timeout=TIMEOUT,
        read_timeout=TIMEOUT,
        max_body=_MAX_RESPONSE,
    )
    try:
        response = transport.send(request)
    except TransportError as failure:
        cause = failure.__cause__ or failure
        return Attempt(None, f"{type(cause).__name__}: {cause}")
    status = response.status
    error = None if 200 <= status < 300 else f"the receiver answered {status}"
    return Attempt(status, error, response.body)


def next_attempt_ms(delivery: Delivery, rules: Rules) -> int | None:
    """Return when *delivery* is due again if its current attempt fails.

    Returns ``None`` if there are no more retries.
    """
    retries = delivery.attempts
    if rules.webhook_retries == "four" and retries == _FOUR:
        return None
    due_ms = delivery.due_ms + min(_FIRST_DELAY_MS * 2**retries, _MAX_DELAY_MS)
    return None if due_ms - delivery.at_ms > _RETRIED_FOR_MS else due_ms


def sign(delivery: Delivery, secret: str, *, now: float) -> str:
    """Create the JSON Web Token that authenticates a delivery.

    It has the claims of the platform's other signed webhooks; the claims of video webhooks
    are not published.
    """
    whose = "api_key" if delivery.project_id.isdecimal() else "application_id"
    claims = {
        "iss": _ISSUER,
        "iat": int(now),
        "jti": delivery.token_id,
        "payload_hash": hashlib.sha256(delivery.body.encode()).hexdigest(),
        whose: delivery.project_id,
    }
    return jwt.sign(claims, secret)
