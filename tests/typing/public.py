"""The expected types of the public API. Type checkers read this file; it never runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import assert_type

import tokbox
from tokbox import HOURS_24, Derived, Role, Session, Tokbox, Token, webhooks
from tokbox.integrations import ColumnName, SigningJob, col
from tokbox.rest.models.page import Page
from tokbox.types import Archive, Archives, TokenBatch, Verification


def sessions(tb: Tokbox) -> None:
    assert_type(tb.new_session(), Session)
    assert_type(tb.session("1_MX4"), Session)
    with Tokbox("key", "secret", api_url="http://127.0.0.1", retries=0) as client:
        assert_type(client, Tokbox)
    assert_type(Tokbox.from_env(), Tokbox)


def tokens(tb: Tokbox, session: Session) -> None:
    assert_type(session.token(), str)
    assert_type(session.token(Role.MODERATOR, "x", timedelta(hours=1)), str)
    assert_type(session.token("moderator", expiration=HOURS_24, kind="jwt"), str)
    assert_type(session.token(expiration="2h"), str)
    assert_type(session.tokens(5, True), list[str])
    batch = session.token_batch(5)
    assert_type(batch, TokenBatch[str])
    assert_type(batch[0], str)
    assert_type(batch.write("tokens.txt"), int)
    assert_type(batch.failures, Mapping[int, tokbox.InvalidClaimsError])
    assert_type(session.iter_batches(5), Iterator[TokenBatch[str]])
    assert_type(session.write_tokens("tokens.txt", 5, progress=print), int)


def rows(tb: Tokbox, session_ids: list[str]) -> None:
    assert_type(tb.sign_rows(session_ids), TokenBatch[str])
    assert_type(tb.sign_rows(session_ids, errors="null"), TokenBatch[str | None])
    run = tb.sign_rows(session_ids, nonce=Derived(run_id="r", row_key=[1], issued_at=1))
    assert_type(run, TokenBatch[str])
    assert_type(tokbox.integrations.KeyRef("env:SECRET").signer("40000123"), tokbox.Signer)


def signers(session_id: str) -> None:
    with tokbox.Signer("40000123", "secret") as signer:
        assert_type(signer, tokbox.Signer)
    run = Derived(run_id="r", row_key=col("id"), issued_at=datetime.now().astimezone())
    job = SigningJob(
        project_id="40000123",
        key="env:SECRET",
        session_id=session_id,
        connection_data=col("name"),
        expiration=col("seconds", default="2h"),
        nonce=run,
    )
    assert_type(job.nonce, Derived | None)
    assert_type(col("id"), ColumnName)


async def awaited(tb: tokbox.AsyncTokbox, session_id: str) -> None:
    session = tb.session(session_id)
    assert_type(await session.write_tokens("tokens.txt", 5, progress=print), int)
    assert_type(await session.token_batch(5, multithread=True), TokenBatch[str])


def verification(tb: Tokbox, texts: list[str]) -> None:
    assert_type(tb.verify("T1=="), Token)
    assert_type(tokbox.decode("T1=="), Token)
    found = tb.verify_many(texts)
    assert_type(found, Verification)
    assert_type(found.failures, Mapping[int, tokbox.TokenError])
    assert_type(found.ok, bool)
    assert_type(found[0], bool)
    assert_type(found[1:], list[bool])
    assert_type(list(found), list[bool])
    key = tokbox.PublicKey("public.pem")
    assert_type(key.verify("eyJ", application_id="id", session_id="1_", now=1.5), Token)
    assert_type(key.verify_many(texts, multithread=True), Verification)
    assert_type(tokbox.Signer("key", "secret").verify("T1=="), Token)
    assert_type({tb.verify("T1=="): 1}, dict[Token, int])
    decoded = tokbox.decode_many(texts)
    assert_type(decoded.ok, bool)
    assert_type(decoded[0], tokbox.Token | tokbox.errors.MalformedTokenError)
    assert_type(decoded.failures, Mapping[int, tokbox.errors.MalformedTokenError])


def archives(tb: Tokbox, session: Session) -> None:
    assert_type(tb.archives, Archives)
    assert_type(session.start_archive(name="weekly"), Archive)
    assert_type(tb.archives.get("id"), Archive)
    assert_type(tb.archives.list(count=5), Page[Archive])
    for archive in tb.archives.iter():
        assert_type(archive, Archive)
    for archive in tb.archives.list():
        assert_type(archive, Archive)


def callbacks(headers: dict[str, str], environ: dict[str, object], body: bytes) -> None:
    receiver = webhooks.Receiver("secret", "older", application_id="id", max_age=60)
    claims = receiver.verify(headers, body)
    assert_type(claims, webhooks.Claims)
    assert_type(claims.token_id, str)
    assert_type(receiver.receive(environ, body), webhooks.Event)
    assert_type(receiver.receive([(b"authorization", b"Bearer")], body), webhooks.Event)
    assert_type(tokbox.webhooks.parse(body), webhooks.Event)
    match webhooks.parse({"event": "archive"}):
        case webhooks.ArchiveChanged(archive=archive):
            assert_type(archive, Archive)
        case webhooks.StreamDestroyed(stream=stream, reason=reason):
            assert_type(stream, webhooks.MonitoredStream)
            assert_type(stream.connection.data, str)
            assert_type(reason, tokbox.types.DestroyedReason | str)
        case webhooks.SipCallUpdated(call=call, state=state):
            assert_type(call, webhooks.MonitoredCall)
            assert_type(state, tokbox.types.SipCallState | str)
        case webhooks.SessionEvent() as event:
            assert_type(event.occurred_at, datetime | None)
        case other:
            assert_type(other, webhooks.Event)


def errors() -> None:
    try:
        tokbox.decode("")
    except tokbox.InvalidClaimsError as error:
        assert_type(error.field, str)
        assert_type(error.row, int | None)
    except tokbox.WrongClaimsError as error:
        assert_type(error.field, str)
        assert_type(error.reason, str)
    except tokbox.RateLimitError as error:
        assert_type(error.retry_after, float | None)
    except tokbox.UnverifiedWebhookError as error:
        assert_type(error.reason, str)
    except tokbox.APIError as error:
        assert_type(error.status, int)
        assert_type(error.hint, str | None)
