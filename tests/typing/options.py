"""Options and closed sets of words, as the type checkers must accept or refuse them.

Both checkers report an unnecessary ``ignore``, so each one marks a refusal.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from typing import assert_type

import tokbox
from tokbox import (
    Account,
    ArchiveMode,
    AsyncTokbox,
    AudioTransport,
    Layout,
    MediaMode,
    OutputMode,
    PublicKey,
    Role,
    S3Storage,
    Session,
    Signer,
    Tokbox,
    WebSocket,
    emulator,
)
from tokbox.integrations import SigningJob, col
from tokbox.transport import HTTPTransport, Request, Response, Transport
from tokbox.types import (
    ArrowArray,
    ArrowStream,
    Decoded,
    ProjectStatus,
    RoleName,
    TokenBatch,
    TokenKind,
    Verification,
)


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
    WebSocket("wss://example.com", audio_rate=16_000)
    WebSocket("wss://example.com", audio_rate=44_100)  # type: ignore[arg-type]
    bucket = S3Storage(access_key="a", secret_key="s", bucket="b", sse="s3")
    S3Storage(access_key="a", secret_key="s", bucket="b", sse="aes")  # type: ignore[arg-type]
    tb.archives.set_storage(bucket, fallback="opentok")
    tb.archives.set_storage(bucket, fallback="cloud")  # type: ignore[arg-type]
    tb.request("PATCH", "{project}/archive")
    tb.request("patch", "{project}/archive")  # type: ignore[arg-type]


def claims(tb: Tokbox, session: Session, role: RoleName, roles: list[str]) -> None:
    session.token(Role.MODERATOR)
    session.token("moderator", kind="jwt")
    session.tokens(2, role=role, kind="t1")
    session.token("moderater")  # type: ignore[arg-type]
    session.token(kind="T1")  # type: ignore[arg-type]
    session.token_batch(2, role="host")  # type: ignore[arg-type]
    session.write_tokens("tokens.txt", 2, kind="jws")  # type: ignore[arg-type]
    tb.sign_rows(["1_MX4"], role="subscriber", kind="jwt")
    tb.sign_rows(["1_MX4"], role=[Role.SUBSCRIBER])
    tb.sign_rows(["1_MX4"], role=roles)
    tb.sign_rows(["1_MX4"], role=("subscriber", "moderator"))
    tb.sign_rows(["1_MX4"], role="viewer")  # type: ignore[arg-type]
    tb.sign_rows(["1_MX4"], kind="T1")  # type: ignore[call-overload]
    SigningJob(project_id="1", key="env:SECRET", session_id=col("id"), role="publisher")
    SigningJob(project_id="1", key="env:SECRET", session_id=col("id"), expiration="2h")
    SigningJob(project_id="1", key="env:SECRET", session_id=col("id"), role="guest")  # type: ignore[arg-type]
    SigningJob(project_id="1", key="env:SECRET", session_id=col("id"), kind="T1")  # type: ignore[arg-type]
    assert_type(tokbox.decode("T1==").kind, TokenKind)


def row_errors(tb: Tokbox, signer: Signer, ids: list[str], errors: str) -> None:
    assert_type(tb.sign_rows(ids, errors="raise"), TokenBatch[str])
    assert_type(signer.sign_rows(ids, errors="null"), TokenBatch[str | None])
    either = tb.sign_rows(ids, errors=errors)
    assert_type(either, TokenBatch[str] | TokenBatch[str | None])
    either = signer.sign_rows(ids, errors=errors)
    assert_type(either, TokenBatch[str] | TokenBatch[str | None])
    signer.sign_rows(ids, errors=None)  # type: ignore[call-overload]


class Exported:
    """A column of a library that implements Arrow's PyCapsule interface."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return requested_schema


class ExportedArray:
    def __arrow_c_array__(
        self, requested_schema: object | None = None
    ) -> tuple[object, object]:
        return self, requested_schema


def arrow(tb: Tokbox, column: Exported, array: ExportedArray, key: PublicKey) -> None:
    stream: ArrowStream = column
    chunk: ArrowArray = array
    tb.sign_rows(stream, role=chunk, connection_data=column, expiration=array)
    assert_type(tb.sign_rows(column), TokenBatch[str])
    assert_type(tb.verify_many(column), Verification)
    assert_type(tb.verify_many(array), Verification)
    assert_type(key.verify_many(column), Verification)
    assert_type(tokbox.decode_many(array), Decoded)
    tb.verify_many(5)  # type: ignore[arg-type]
    tokbox.decode_many(object())  # type: ignore[arg-type]
    tb.sign_rows(object())  # type: ignore[call-overload]


def positions(tb: Tokbox, session: Session) -> None:
    tb.archives.list("1_MX4", offset=50, count=50)
    tb.archives.iter("1_MX4", page_size=1000)
    tb.archives.list("1_MX4", 50)  # type: ignore[call-arg]
    tb.signals.send("1_MX4", "hello", "chat")  # type: ignore[call-arg]
    session.signal("hello", type="chat", connection_id="id")
    session.mute_all(excluded_stream_ids=["stream"], timeout=5)
    Layout("custom", "stream {}")  # type: ignore[call-arg]
    emulator.serve(8080)  # type: ignore[call-arg]
    server = emulator.serve(port=8080)
    server.messages(kind="signal")
    server.messages(kind="signals")  # type: ignore[arg-type]
    server.webhooks(state="waiting")
    server.webhooks(state="sent")  # type: ignore[arg-type]


async def awaited(tb: AsyncTokbox, errors: str, column: Exported) -> None:
    await tb.new_session(media_mode="relayed", timeout=5)
    await tb.new_session(media_mode="rooted")  # type: ignore[arg-type]
    await tb.request("fetch", "/x")  # type: ignore[arg-type]
    either = await tb.sign_rows(["1_MX4"], errors=errors)
    assert_type(either, TokenBatch[str] | TokenBatch[str | None])
    assert_type(await tb.verify_many(column), Verification)
    tb.session("1_MX4").token("host")  # type: ignore[arg-type]
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
