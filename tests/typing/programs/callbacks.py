"""A web server that receives the service's callbacks."""

# pyright: strict
# mypy: allow-any-expr
# A class pattern is the class itself, whose constructor takes a Mapping[str, Any].

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import assert_type

import tokbox
from tokbox.types import Archive, ArchiveStatus
from tokbox.webhooks import (
    ArchiveChanged,
    ConnectionCreated,
    Event,
    Receiver,
    StreamCreated,
    StreamDestroyed,
    UnknownEvent,
)


class Callbacks:
    def __init__(self, secret: str) -> None:
        self._receiver = Receiver(secret, max_age=60)
        self.present: dict[str, str] = {}
        self.last: datetime | None = None

    def receive(self, headers: Mapping[str, str], body: bytes) -> int:
        try:
            event: Event = self._receiver.receive(headers, body)
        except tokbox.WebhookError as error:
            print("refused:", error.reason)
            return 400
        self.handle(event)
        return 200

    def handle(self, event: Event) -> None:
        match event:
            case ConnectionCreated(connection=connection):
                assert_type(connection.data, str)
                self.present[connection.id] = connection.data
            case StreamCreated(stream=stream) | StreamDestroyed(stream=stream):
                assert_type(stream.connection.id, str)
                print(stream.id, stream.name)
            case ArchiveChanged(archive=archive):
                assert_type(archive, Archive)
                assert_type(archive.has_video, bool | None)
                if archive.status is ArchiveStatus.UPLOADED:
                    print(archive.id, archive.duration)
            case UnknownEvent():
                print("an event that this version does not know:", repr(event))
            case _:
                print(type(event).__name__)
