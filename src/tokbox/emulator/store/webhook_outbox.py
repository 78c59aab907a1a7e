"""Webhooks: their URLs, and the outbox of deliveries.

URLs have three sources: callbacks that a project registers through the service's API,
status callback URLs in some requests, and webhook settings, which the emulator has for
every project, as applications have in the service. A delivery is added to the outbox in the
transaction of the change that it reports, so that a crash loses neither.
``webhook_sender.py`` sends the deliveries.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from typing import Any
from urllib.parse import urlsplit

from tokbox.emulator.model.events import Event
from tokbox.emulator.model.hosts import is_local_name, is_url
from tokbox.emulator.model.records import Callback
from tokbox.emulator.store.database import Store
from tokbox.emulator.store.ids import Ids
from tokbox.errors import InvalidInputError
from tokbox.exact import exact_text
from tokbox.literals import WebhookState
from tokbox.tokens.claims import check_secret

__all__ = [
    "LIMIT",
    "NAMES",
    "SECRET",
    "Delivery",
    "WebhookOutbox",
    "check_webhooks",
    "encode_body",
]

#: The maximum number of deliveries that are no longer waiting; the oldest are deleted
#: first.
LIMIT = 10_000
#: The webhooks that settings may contain a URL for.
NAMES = (
    *("archive_status", "broadcast_status", "captions_status", "render_status"),
    *("connection_created", "connection_destroyed"),
    *("stream_created", "stream_destroyed"),
    *("session_created", "session_destroyed", "session_notification"),
    *("sip_call_created", "sip_call_updated", "sip_call_destroyed"),
    "sip_call_mute_forced",
)
#: The setting with the secret that signs deliveries.
SECRET = "signature_secret"  # noqa: S105

_CALLBACK_COLUMNS = "callback_id, project_id, topic, event, url, created_ms"
_COLUMNS = (
    "number, at_ms, project_id, event, url, body, token_id, state, attempts, status, "
    "error, due_ms"
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """The delivery of a webhook to one URL."""

    number: int
    #: The time of the event by the emulated clock, in milliseconds since the epoch.
    at_ms: int
    #: The API key or application ID.
    project_id: str
    #: The name of the event in webhook settings, such as ``archive_status``.
    event: str
    url: str
    #: The exact text of the request body.
    body: str
    #: The ``jti`` of its signature, the same for every attempt.
    token_id: str
    #: ``waiting``, ``delivered``, ``failed`` (no more retries), or ``refused`` (not sent).
    state: WebhookState
    attempts: int
    #: The status of the last response, if any.
    status: int | None
    #: The last error, if any.
    error: str | None
    #: When the last attempt was due, or the next one if it is waiting, by the emulated
    #: clock, in milliseconds since the epoch.
    due_ms: int

    def describe(self) -> dict[str, Any]:
        """Return the delivery as ``GET /_emulator/webhooks`` shows it."""
        return {
            "number": self.number,
            "at": self.at_ms,
            "projectId": self.project_id,
            "event": self.event,
            "url": self.url,
            "tokenId": self.token_id,
            "state": self.state,
            "attempts": self.attempts,
            "status": self.status,
            "error": self.error,
            "due": self.due_ms,
            "body": json.loads(self.body),
        }

    @classmethod
    def from_description(cls, delivery: Mapping[str, Any]) -> Delivery:
        """Return the delivery that :meth:`describe` made *delivery* of."""
        return cls(
            number=delivery["number"],
            at_ms=delivery["at"],
            project_id=delivery["projectId"],
            event=delivery["event"],
            url=delivery["url"],
            body=encode_body(delivery["body"]),
            token_id=delivery["tokenId"],
            state=delivery["state"],
            attempts=delivery["attempts"],
            status=delivery["status"],
            error=delivery["error"],
            due_ms=delivery["due"],
        )


class WebhookOutbox:
    """The webhook URLs and the outbox of one emulator.

    Except for :meth:`wake`, use it inside a transaction of its store.
    """

    def __init__(
        self,
        store: Store,
        ids: Ids,
        given: Mapping[str, Mapping[str, str]] | None = None,
        *,
        anywhere: bool = False,
    ) -> None:
        """Use *given* as the initial settings, by project.

        They, including secrets, stay in memory. Without *anywhere*, webhooks are sent to
        loopback addresses only. Raises :class:`InvalidInputError`.
        """
        self._store = store
        self._ids = ids
        self._given = {
            project_id: check_webhooks(webhooks)
            for project_id, webhooks in (given or {}).items()
        }
        self._anywhere = anywhere
        #: Called when there may be a delivery to send.
        self.wake: Callable[[], None] = lambda: None

    # Receivers.

    def configure(self, project_id: str, webhooks: Mapping[str, str]) -> None:
        """Replace the webhook settings of a project.

        They are stored, including the signature secret, if any. Raises
        :class:`InvalidInputError`.
        """
        self._store.db.execute(
            "INSERT OR REPLACE INTO webhook_settings VALUES (?, ?)",
            (project_id, json.dumps(check_webhooks(webhooks))),
        )

    def settings(self, project_id: str) -> dict[str, str]:
        """Return the webhook settings of a project, including its signature secret."""
        row = self._store.db.execute(
            "SELECT webhooks FROM webhook_settings WHERE project_id = ?", (project_id,)
        ).fetchone()
        if row is None:
            return self._given.get(project_id, {})
        webhooks: dict[str, str] = json.loads(row[0])
        return webhooks

    def add_callback(self, callback: Callback) -> None:
        """Register a callback."""
        self._store.db.execute(
            f"INSERT INTO callbacks ({_CALLBACK_COLUMNS}) "  # noqa: S608
            "VALUES (?, ?, ?, ?, ?, ?)",
            astuple(callback),
        )

    def callbacks(self, project_id: str) -> list[Callback]:
        """List the callbacks of a project, oldest first."""
        rows = self._store.db.execute(
            f"SELECT {_CALLBACK_COLUMNS} FROM callbacks "  # noqa: S608
            "WHERE project_id = ? ORDER BY number",
            (project_id,),
        )
        return [Callback(*row) for row in rows]

    def remove_callback(self, project_id: str, callback_id: str) -> bool:
        """Delete a callback of a project, and return whether it existed."""
        done = self._store.db.execute(
            "DELETE FROM callbacks WHERE project_id = ? AND callback_id = ?",
            (project_id, callback_id),
        )
        return done.rowcount > 0

    def has_receivers(self) -> bool:
        """Return whether there is any URL or waiting delivery."""
        if self._given:
            return True
        (found,) = self._store.db.execute(
            "SELECT EXISTS (SELECT 1 FROM callbacks) "
            "OR EXISTS (SELECT 1 FROM webhook_settings) "
            "OR EXISTS (SELECT 1 FROM webhooks WHERE state = 'waiting')"
        ).fetchone()
        return bool(found)

    # Deliveries.

    def add(self, event: Event) -> None:
        """Add *event* to the outbox, once for every URL registered for it."""
        name = f"{event.group}_{event.name}"
        rows = self._store.db.execute(
            "SELECT url FROM callbacks WHERE project_id = ? AND topic = ? AND event = ? "
            "ORDER BY number",
            (event.project_id, event.group, event.name),
        )
        urls = [url for (url,) in rows]
        urls += [self.settings(event.project_id).get(name), event.url]
        for url in dict.fromkeys(filter(None, urls)):
            self._put(event, name, url)
        self.wake()

    def _put(self, event: Event, name: str, url: str) -> None:
        refusal = None if self._anywhere else _refusal_reason(url)
        cursor = self._store.db.execute(
            f"INSERT INTO webhooks ({_COLUMNS}) "  # noqa: S608
            "VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, 0, NULL, ?, ?)",
            (
                event.at_ms,
                event.project_id,
                name,
                url,
                encode_body(event.payload),
                self._ids.uuid(),
                "waiting" if refusal is None else "refused",
                refusal,
                event.at_ms,
            ),
        )
        assert cursor.lastrowid is not None
        self._store.db.execute(
            "DELETE FROM webhooks WHERE number <= ? AND state <> 'waiting'",
            (cursor.lastrowid - LIMIT,),
        )

    def next_due(self, now_ms: int) -> Delivery | None:
        """Return the next delivery that is due by *now_ms*, or ``None``.

        New deliveries come first, in the order of their events, then retries.
        """
        row = self._store.db.execute(
            f"SELECT {_COLUMNS} FROM webhooks "  # noqa: S608
            "WHERE state = 'waiting' AND due_ms <= ? "
            "ORDER BY CASE attempts WHEN 0 THEN 0 ELSE due_ms END, number LIMIT 1",
            (now_ms,),
        ).fetchone()
        return None if row is None else _delivery(row)

    def record_attempt(
        self,
        delivery: Delivery,
        *,
        status: int | None,
        error: str | None,
        state: WebhookState,
        due_ms: int,
    ) -> None:
        """Store the result of an attempt, and when it or the next attempt was or is due."""
        self._store.db.execute(
            "UPDATE webhooks SET attempts = attempts + 1, status = ?, error = ?, "
            "state = ?, due_ms = ? WHERE number = ?",
            (status, error, state, due_ms, delivery.number),
        )

    def deliveries(
        self,
        *,
        project_id: str | None = None,
        event: str | None = None,
        url: str | None = None,
        state: WebhookState | None = None,
        after: int = 0,
        count: int = LIMIT,
    ) -> list[Delivery]:
        """Return the deliveries that match all given filters, oldest first."""
        filters = {"project_id": project_id, "event": event, "url": url, "state": state}
        given = {name: value for name, value in filters.items() if value is not None}
        rows = self._store.db.execute(
            f"SELECT {_COLUMNS} FROM webhooks WHERE "  # noqa: S608
            + " AND ".join(["number > ?", *(f"{name} = ?" for name in given)])
            + " ORDER BY number LIMIT ?",
            (after, *given.values(), count),
        )
        return [_delivery(row) for row in rows]

    def clear(self) -> None:
        """Delete the deliveries that are no longer waiting."""
        self._store.db.execute("DELETE FROM webhooks WHERE state <> 'waiting'")


def check_webhooks(webhooks: Mapping[str, str]) -> dict[str, str]:
    """Validate webhook settings: URLs by event name, and the signature secret.

    Raises :class:`InvalidInputError`, which contains no secret.
    """
    checked = {}
    for given_name, given_value in webhooks.items():
        name, value = exact_text(given_name), exact_text(given_value) or ""
        if name == SECRET:
            check_secret(value, SECRET, "the signature secret of callbacks")
        elif name is None or name not in NAMES:
            known = ", ".join((*NAMES, SECRET))
            raise InvalidInputError("webhooks", given_name, f"name some of {known}")
        elif not is_url(value):
            raise InvalidInputError(name, given_value, "be an http or https URL")
        checked[name] = value
    return checked


def encode_body(body: object) -> str:
    """Return the text of the body of a webhook."""
    return json.dumps(body, separators=(",", ":"))


def _refusal_reason(url: str) -> str | None:
    """Return why *url* is refused, or ``None`` if it is a name of this machine."""
    # Checked by name only: a DNS lookup would already send data to other machines.
    if is_local_name(urlsplit(url).hostname or ""):
        return None
    return "the emulator sends to loopback addresses only"


def _delivery(row: sqlite3.Row) -> Delivery:
    return Delivery(**row)
