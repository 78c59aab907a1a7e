"""Webhooks: who wants to be told of what, and what is still to be told.

There are three ways to be told. A project registers callbacks by the service's own
calls; some calls name a URL for what they start; and for every project_id addresses can be
set here, as an application has them in its settings. What is to be sent goes into the
outbox in the transaction of the change that it tells of, so that a crash loses neither.
``webhook_sender.py`` takes it from there.
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

__all__ = ["LIMIT", "NAMES", "SECRET", "Delivery", "WebhookOutbox", "check_webhooks"]

#: How many deliveries are kept once they are over; the oldest make room.
LIMIT = 10_000
#: The webhooks that an application may set an address for.
NAMES = (
    *("archive_status", "broadcast_status", "captions_status", "render_status"),
    *("connection_created", "connection_destroyed"),
    *("stream_created", "stream_destroyed"),
    *("session_created", "session_destroyed", "session_notification"),
    *("sip_call_created", "sip_call_updated", "sip_call_destroyed"),
    "sip_call_mute_forced",
)
#: The member beside them that holds what deliveries are signed with.
SECRET = "signature_secret"  # noqa: S105

_CALLBACK_COLUMNS = "callback_id, project_id, topic, event, url, created_ms"
_COLUMNS = (
    "number, at_ms, project_id, event, url, body, token_id, state, attempts, status, error"
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook that was, or is still to be, sent to one URL."""

    number: int
    #: When what it tells of happened, by the emulated clock.
    at_ms: int
    #: The project or application: an API key, or an application id.
    project_id: str
    #: By the name that an application knows it by, such as ``archive_status``.
    event: str
    url: str
    #: The exact text that is sent.
    body: str
    #: The ``jti`` of its signature, the same for every attempt.
    token_id: str
    #: ``waiting``, ``delivered``, ``failed`` (given up), or ``refused`` (never tried).
    state: WebhookState
    attempts: int
    #: What the receiver answered last, if it did.
    status: int | None
    #: What went wrong last.
    error: str | None

    def describe(self) -> dict[str, Any]:
        """Return it as ``GET /_emulator/webhooks`` shows it."""
        return {
            "number": self.number,
            "at": self.at_ms,
            "projectId": self.project_id,
            "event": self.event,
            "url": self.url,
            "state": self.state,
            "attempts": self.attempts,
            "status": self.status,
            "error": self.error,
            "body": json.loads(self.body),
        }


class WebhookOutbox:
    """The addresses and the outbox of one emulator.

    All but :meth:`wake` is to be used inside a transaction of its store.
    """

    def __init__(
        self,
        store: Store,
        ids: Ids,
        given: Mapping[str, Mapping[str, str]] | None = None,
        *,
        anywhere: bool = False,
    ) -> None:
        """Take the addresses that are *given* from the start, by project_id.

        They, and the secrets among them, stay in memory. Without *anywhere* nothing is
        sent but to loopback addresses. Raises :class:`InvalidInputError`.
        """
        self._store = store
        self._ids = ids
        self._given = {
            project_id: check_webhooks(webhooks)
            for project_id, webhooks in (given or {}).items()
        }
        self._anywhere = anywhere
        #: Called when there may be something to send.
        self.wake: Callable[[], None] = lambda: None

    # Who is told.

    def configure(self, project_id: str, webhooks: Mapping[str, str]) -> None:
        """Set the addresses of a project_id, in place of those that it had.

        They are kept in the store, with the secret that may be among them. Raises
        :class:`InvalidInputError`.
        """
        self._store.db.execute(
            "INSERT OR REPLACE INTO webhook_settings VALUES (?, ?)",
            (project_id, json.dumps(check_webhooks(webhooks))),
        )

    def settings(self, project_id: str) -> dict[str, str]:
        """Return the addresses of a project_id, and its secret."""
        row = self._store.db.execute(
            "SELECT webhooks FROM webhook_settings WHERE project_id = ?", (project_id,)
        ).fetchone()
        if row is None:
            return self._given.get(project_id, {})
        webhooks: dict[str, str] = json.loads(row[0])
        return webhooks

    def add_callback(self, callback: Callback) -> None:
        """Let the URL of *callback* be told from now on."""
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
        """Forget a callback of a project; say whether it was there."""
        done = self._store.db.execute(
            "DELETE FROM callbacks WHERE project_id = ? AND callback_id = ?",
            (project_id, callback_id),
        )
        return done.rowcount > 0

    def has_receivers(self) -> bool:
        """Tell whether there is any address at all."""
        if self._given:
            return True
        (found,) = self._store.db.execute(
            "SELECT EXISTS (SELECT 1 FROM callbacks) "
            "OR EXISTS (SELECT 1 FROM webhook_settings) "
            "OR EXISTS (SELECT 1 FROM webhooks WHERE state = 'waiting')"
        ).fetchone()
        return bool(found)

    # What is sent.

    def add(self, event: Event) -> None:
        """Put *event* into the outbox, once for every URL that wants it."""
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
            f"INSERT INTO webhooks ({_COLUMNS}, due) "  # noqa: S608
            "VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, 0, NULL, ?, 0)",
            (
                event.at_ms,
                event.project_id,
                name,
                url,
                json.dumps(event.payload, separators=(",", ":")),
                self._ids.uuid(),
                "waiting" if refusal is None else "refused",
                refusal,
            ),
        )
        assert cursor.lastrowid is not None
        self._store.db.execute(
            "DELETE FROM webhooks WHERE number <= ? AND state <> 'waiting'",
            (cursor.lastrowid - LIMIT,),
        )

    def next_waiting(self) -> tuple[Delivery, float] | None:
        """Find what is to be sent next, and when, in seconds of the system's clock.

        For each URL only the oldest counts: what comes after waits for it.
        """
        row = self._store.db.execute(
            f"SELECT {_COLUMNS}, due FROM webhooks WHERE number IN ("  # noqa: S608
            "SELECT min(number) FROM webhooks WHERE state = 'waiting' GROUP BY url"
            ") ORDER BY due, number LIMIT 1"
        ).fetchone()
        return None if row is None else (_delivery(row), row["due"])

    def waiting(self) -> int:
        """Count what is still to be sent."""
        (count,) = self._store.db.execute(
            "SELECT count(*) FROM webhooks WHERE state = 'waiting'"
        ).fetchone()
        return int(count)

    def record_attempt(
        self,
        delivery: Delivery,
        *,
        status: int | None,
        error: str | None,
        state: WebhookState,
        due: float = 0,
    ) -> None:
        """Keep what came of an attempt, and when the next one is *due* if there is."""
        self._store.db.execute(
            "UPDATE webhooks SET attempts = attempts + 1, status = ?, error = ?, "
            "state = ?, due = ? WHERE number = ?",
            (status, error, state, due, delivery.number),
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
        """List the deliveries that fit everything that is given, oldest first."""
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
        """Forget the deliveries that are over."""
        self._store.db.execute("DELETE FROM webhooks WHERE state <> 'waiting'")


def check_webhooks(webhooks: Mapping[str, str]) -> dict[str, str]:
    """Check addresses by their names, and the secret among them.

    Raises :class:`InvalidInputError`, which shows no secret.
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


def _refusal_reason(url: str) -> str | None:
    """Say why nothing is sent to *url*, unless it stays on this machine."""
    # By name alone: even looking up another one would tell somebody.
    if is_local_name(urlsplit(url).hostname or ""):
        return None
    return "the emulator sends to loopback addresses only"


def _delivery(row: sqlite3.Row) -> Delivery:
    fields: dict[str, Any] = {name: row[name] for name in row.keys() if name != "due"}  # noqa: SIM118
    return Delivery(**fields)
