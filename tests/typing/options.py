"""Options and closed sets of words, as the type checkers must accept or refuse them.

Both checkers report an unnecessary ``ignore``, so each one marks a refusal.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from typing_extensions import assert_type

from tokbox import (
    Account,
    ArchiveMode,
    AsyncTokbox,
    AudioTransport,
    Layout,
    MediaMode,
    OutputMode,
    Session,
    Tokbox,
)
from tokbox.transport import HTTPTransport, Request, Response, Transport
from tokbox.types import ProjectStatus


def time_limits(tb: Tokbox, session: Session) -> None:
    Tokbox("key", "secret", timeout=5, read_timeout=2.5, connect_timeout=1)
    assert_type(tb.with_options(timeout=60, read_timeout=None, retries=0), Tokbox)
    tb.archives.get("id", timeout=5)
    tb.new_session(timeout=5)
    tb.request("GET", "/x", timeout=5)
    session.list_streams(timeout=5)
    Tokbox("key", "secret", deadline=5)  # type: ignore[call-arg]
    Tokbox("key", "secret", timeout=None)  # type: ignore[arg-type]
    tb.with_options(deadline=5)  # type: ignore[call-arg]
    tb.archives.get("id", deadline=5)  # type: ignore[call-arg]
    session.list_streams(deadline=5)  # type: ignore[call-arg]


def words(tb: Tokbox, session: Session, account: Account) -> None:
    tb.new_session("", "routed", "always", archive_resolution="1280x720")
    tb.new_session(media_mode=MediaMode.P2P, archive_mode=ArchiveMode.MANUAL)
    tb.new_session(media_mode="p2p")
    tb.new_session(media_mode="rooted")  # type: ignore[arg-type]
    tb.new_session(archive_mode="allways")  # type: ignore[arg-type]
    tb.new_session(archive_resolution="1280x721")  # type: ignore[arg-type]
    tb.archives.start("id", output_mode="individual", stream_mode="manual")
    tb.archives.start("id", output_mode=OutputMode.COMPOSED, layout="pip")
    tb.archives.start("id", output_mode="single")  # type: ignore[arg-type]
    tb.archives.start("id", stream_mode="all")  # type: ignore[arg-type]
    session.start_archive(resolution="640x480", screenshare_type="pip")
    session.start_archive(resolution="640")  # type: ignore[arg-type]
    session.start_broadcast(layout="bestfit")  # type: ignore[arg-type]
    tb.broadcasts.set_layout("id", "custom", stylesheet="stream {}")
    tb.broadcasts.set_layout("id", Layout("bestFit", screenshare_type="pip"))
    tb.broadcasts.set_layout("id", "best")  # type: ignore[arg-type]
    tb.renders.start("id", "https://example.com", resolution="1920x1080")
    tb.renders.start("id", "https://example.com", resolution="4k")  # type: ignore[arg-type]
    tb.callbacks.create("stream", "created", "https://example.com")
    tb.callbacks.create("streams", "created", "https://a.b")  # type: ignore[arg-type]
    account.projects.set_status("id", "SUSPENDED")
    account.projects.set_status("id", ProjectStatus.ACTIVE)
    account.projects.set_status("id", "active")  # type: ignore[arg-type]
    AudioTransport(transport="json", encoding="base64")
    AudioTransport(transport="text")  # type: ignore[arg-type]


async def awaited(tb: AsyncTokbox) -> None:
    await tb.new_session(media_mode="relayed", timeout=5)
    await tb.new_session(media_mode="rooted")  # type: ignore[arg-type]
    assert_type(tb.with_options(timeout=60), AsyncTokbox)
    tb.close()  # type: ignore[attr-defined]
    with tb:  # type: ignore[attr-defined]
        pass


class Wrapped:
    def __init__(self, inner: Transport) -> None:
        self._inner = inner

    def send(self, request: Request) -> Response:
        return self._inner.send(request)

    def close(self) -> None:
        self._inner.close()


def transports() -> None:
    Tokbox("key", "secret", transport=Wrapped(HTTPTransport(pool_size=20)))
    Tokbox("key", "secret", transport=object())  # type: ignore[arg-type]
