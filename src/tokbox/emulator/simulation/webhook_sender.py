"""The thread that empties the outbox of webhooks, and lets time pass for them."""

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

#: How long after each failure the next attempt is made, in seconds; after the last one
#: the delivery is given up. The service's own schedule is not published.
RETRY_DELAYS = (0.5, 2.0, 5.0)
#: How long a receiver may take to answer, in seconds.
TIMEOUT = 5.0
#: How often the sender looks whether time alone has changed something, in seconds: while
#: somebody listens, and while nobody does.
_TICK = 0.2
_IDLE_TICK = 1.0
#: The scheme and the issuer of Vonage's signed webhooks.
_ISSUER = "Vonage"


class WebhookSender:
    """Send what waits in the outbox of *emulator*, one at a time.

    To each URL in the order of the events: what failed is tried again before what came
    after it. Any 2xx answer counts as delivered.
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
        """Begin to send."""
        self._emulator.webhook_outbox.wake = self._wake
        self._thread = threading.Thread(target=self._run, name="emulator webhooks")
        self._thread.daemon = True
        self._thread.start()

    def stop(self) -> None:
        """Stop sending, when the attempt that is being made is over."""
        self._stopping = True
        self._wake()
        if self._thread is not None:
            self._thread.join()

    def drain(self, timeout: float) -> None:
        """Wait until everything is delivered or given up.

        Raises :class:`TimeoutError` if that takes longer than *timeout* seconds.
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
        """Find what can be sent now, or else how long to wait."""
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
    """Make one attempt; return the status of the answer, and what went wrong if so."""
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
    """Make the JSON Web Token that says who sends this body, and when.

    It has the claims of the platform's other signed webhooks; those of video are not
    published.
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
