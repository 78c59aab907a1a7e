"""Messages to simulated clients: signals, DTMF tones and mute requests."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tokbox.emulator.store.database import Store
from tokbox.literals import MessageKind

__all__ = ["LIMIT", "Message", "Messages"]

#: The maximum number of messages; the oldest are deleted first.
LIMIT = 10_000

_COLUMNS = "number, kind, session_id, sent_ms, content, recipients"


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was delivered to every client in :attr:`recipients`."""

    #: Counts up from 1 and is never reused; ``after`` compares with it.
    number: int
    kind: MessageKind
    session_id: str
    #: By the emulated clock, in milliseconds since the epoch.
    sent_ms: int
    #: The ``type`` (or ``None``) and ``data`` of a signal, the ``digits`` of DTMF tones, or
    #: the ``streamIds`` of muted streams.
    content: dict[str, Any]
    #: The IDs of the connections that received it.
    recipients: tuple[str, ...]

    def describe(self) -> dict[str, Any]:
        """Return the message as ``GET /_emulator/messages`` shows it."""
        return {
            "number": self.number,
            "kind": self.kind,
            "sessionId": self.session_id,
            "at": self.sent_ms,
            "content": self.content,
            "recipients": list(self.recipients),
        }

    @classmethod
    def from_description(cls, message: Mapping[str, Any]) -> Message:
        """Return the message that :meth:`describe` made *message* of."""
        return cls(
            number=message["number"],
            kind=message["kind"],
            session_id=message["sessionId"],
            sent_ms=message["at"],
            content=message["content"],
            recipients=tuple(message["recipients"]),
        )


class Messages:
    """The messages of one emulator. Use it inside a transaction of its store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(
        self,
        kind: MessageKind,
        session_id: str,
        content: Mapping[str, Any],
        recipients: Iterable[str],
        at_ms: int,
    ) -> None:
        """Deliver a message to the connections whose IDs are *recipients*."""
        cursor = self._store.db.execute(
            f"INSERT INTO messages ({_COLUMNS}) VALUES (NULL, ?, ?, ?, ?, ?)",  # noqa: S608
            (kind, session_id, at_ms, json.dumps(content), json.dumps(list(recipients))),
        )
        assert cursor.lastrowid is not None
        self._store.db.execute(
            "DELETE FROM messages WHERE number <= ?", (cursor.lastrowid - LIMIT,)
        )

    def sent(
        self,
        *,
        kind: MessageKind | None = None,
        session_id: str | None = None,
        connection_id: str | None = None,
        after: int = 0,
        count: int = LIMIT,
    ) -> list[Message]:
        """Return the messages that match all given filters, oldest first.

        *connection_id* is one of the recipients; *after* excludes messages up to that
        number.
        """
        conditions: Mapping[str, object] = {
            "kind = ?": kind,
            "session_id = ?": session_id,
            # Recipients are a JSON array, so search for the ID with its quotation marks.
            "instr(recipients, ?)": connection_id and json.dumps(connection_id),
        }
        given = {text: value for text, value in conditions.items() if value is not None}
        rows = self._store.db.execute(
            f"SELECT {_COLUMNS} FROM messages WHERE "  # noqa: S608
            + " AND ".join(["number > ?", *given])
            + " ORDER BY number LIMIT ?",
            (after, *given.values(), count),
        )
        return [_message(row) for row in rows]

    def clear(self) -> None:
        """Delete all messages; numbering continues."""
        self._store.db.execute("DELETE FROM messages")


def _message(row: sqlite3.Row) -> Message:
    fields: dict[str, Any] = {name: row[name] for name in row.keys()}  # noqa: SIM118
    fields["content"] = json.loads(fields["content"])
    fields["recipients"] = tuple(json.loads(fields["recipients"]))
    return Message(**fields)
