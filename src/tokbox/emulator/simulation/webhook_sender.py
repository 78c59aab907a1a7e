"""The thread that sends webhooks and runs due events for them."""

from __future__ import annotations

import hashlib
import http.client
import threading
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from tokbox.emulator.simulation import engine, jwt
from tokbox.emulator.simulation.emulator import Emulator
from tokbox.emulator.store.webhook_outbox import SECRET, Delivery

__all__ = ["RETRY_DELAYS", "TIMEOUT", "WebhookSender", "sign"]

#: The delay before each retry, in seconds; after the last one the delivery has failed. The
#: service's own schedule is not published.
RETRY_DELAYS = (0.5, 2.0, 5.0)
#: The timeout of an attempt, in seconds.
TIMEOUT = 5.0
#: The interval for due events, in seconds: with receivers, and without any.
_TICK = 0.2
_IDLE_TICK = 1.0
#: The issuer of Vonage's signed webhooks.
_ISSUER = "Vonage"


class WebhookSender:
    """Send the waiting deliveries of *emulator*, one at a time.

    The order of events is kept for each URL: a failed delivery is retried before later ones
    are sent. Any 2xx response means delivered.
    """

    def __init__(
        self, emulator: Emulator, *, retry_delays: Sequence[float] = RETRY_DELAYS
    ) -> None:
        self._emulator = emulator
        self._retry_delays = tuple(retry_delays)
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

    def drain(self, timeout: float) -> None:
        """Wait until every webhook is delivered or has failed.

        *timeout* is in seconds. Raises :class:`TimeoutError` when it has passed.
        """
        end = time.monotonic() + timeout
        with self._emulator.store.transaction():
            engine.run_due_events(self._emulator, self._emulator.clock.now_ms())
        while waiting := self._waiting():
            with self._changed:
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"{waiting} webhooks still wait to be delivered")
                self._changed.wait(min(left, _TICK))

    def _waiting(self) -> int:
        with self._emulator.store.transaction():
            return self._emulator.webhook_outbox.waiting()

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
            engine.run_due_events(emulator, emulator.clock.now_ms())
            found = webhooks.next_waiting()
        if found is None:
            return None, _TICK
        delivery, due = found
        left = due - time.time()
        return (delivery, 0) if left <= 0 else (None, min(left, _TICK))

    def _attempt(self, delivery: Delivery) -> None:
        webhooks = self._emulator.webhook_outbox
        with self._emulator.store.transaction():
            secret = webhooks.settings(delivery.project_id).get(SECRET)
        status, error = send(delivery, secret, now=self._emulator.clock.real())
        delays, attempts = self._retry_delays, delivery.attempts + 1
        with self._emulator.store.transaction():
            if error is None:
                webhooks.record_attempt(
                    delivery, status=status, error=None, state="delivered"
                )
            elif attempts > len(delays):
                webhooks.record_attempt(
                    delivery, status=status, error=error, state="failed"
                )
            else:
                webhooks.record_attempt(
                    delivery,
                    status=status,
                    error=error,
                    state="waiting",
                    due=time.time() + delays[attempts - 1],
                )
        with self._changed:
            self._changed.notify_all()


def send(
    delivery: Delivery, secret: str | None, *, now: float
) -> tuple[int | None, str | None]:
    """Make one attempt, and return the response status and the error, if any."""
    body = delivery.body.encode()
    headers = {"Content-Type": "application/json", "User-Agent": "tokbox-emulator"}
    if secret is not None:
        headers["Authorization"] = f"Bearer {sign(delivery, secret, now=now)}"
    parts = urlsplit(delivery.url)
    kind = (
        http.client.HTTPSConnection
        if parts.scheme == "https"
        else http.client.HTTPConnection
    )
    target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT)
    try:
        connection.request("POST", target, body, headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as failure:
        return None, f"{type(failure).__name__}: {failure}"
    finally:
        connection.close()
    return status, None if 200 <= status < 300 else f"the receiver answered {status}"


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
