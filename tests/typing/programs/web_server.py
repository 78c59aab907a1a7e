"""A web server that hands out tokens for rooms."""

# pyright: strict

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import tokbox
from tokbox import MediaMode, Role, Session, Tokbox


@dataclass
class Room:
    name: str
    session_id: str
    guests: dict[str, tokbox.Token] = field(default_factory=dict[str, tokbox.Token])


class Rooms:
    def __init__(self, tb: Tokbox) -> None:
        self._tb = tb
        self._rooms: dict[str, Room] = {}

    def open(self, name: str) -> Room:
        session: Session = self._tb.new_session(media_mode=MediaMode.MEDIA_ROUTER)
        room = Room(name, session.session_id)
        self._rooms[name] = room
        return room

    def enter(self, name: str, guest: str, moderates: bool = False) -> str:
        room = self._rooms[name]
        role = Role.MODERATOR if moderates else Role.PUBLISHER
        session = self._tb.session(room.session_id)
        token = session.token(role, f"name={guest}", timedelta(hours=2))
        room.guests[guest] = self._tb.verify(token, session_id=room.session_id)
        return token

    def closes_at(self, name: str) -> list[datetime]:
        ends = (token.expires_at for token in self._rooms[name].guests.values())
        return sorted(end for end in ends if end is not None)


def main() -> None:
    with Tokbox.from_env(timeout=10) as tb:
        rooms = Rooms(tb)
        try:
            room = rooms.open("weekly")
        except tokbox.APIError as error:
            print(error.status, error.code, error.message, error.request_id)
        else:
            print(rooms.enter(room.name, "Ada", moderates=True))
