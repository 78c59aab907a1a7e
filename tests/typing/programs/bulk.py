"""Tokens for a table of guests, and a check of tokens that came back."""

# pyright: strict

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import tokbox
from tokbox.types import MemoryPool, TokenBatch, Verification

Guest = tuple[str, str, timedelta]


def sign(signer: tokbox.Signer, guests: Sequence[Guest]) -> TokenBatch[str | None]:
    return signer.sign_rows(
        [session_id for session_id, _, _ in guests],
        connection_data=[name for _, name, _ in guests],
        expiration=[lifetime for _, _, lifetime in guests],
        errors="null",
        multithread=True,
    )


def repeatable(signer: tokbox.Signer, ids: list[str], keys: list[int]) -> list[str]:
    run = tokbox.Derived(run_id="2026-11-30", row_key=keys, issued_at=datetime.now(UTC))
    return signer.sign_rows(ids, nonce=run).tolist()


def report(batch: TokenBatch[str | None]) -> Iterator[str]:
    for row, error in batch.failures.items():
        yield f"row {row}: {error.field} {error.rule}"


def write(session: tokbox.Session, path: Path, n: int) -> int:
    done: list[int] = []
    written = session.write_tokens(path, n, role="subscriber", progress=done.append)
    pool = MemoryPool()
    for _ in range(3):
        batch: TokenBatch[str] = session.token_batch(n, memory_pool=pool)
        written += batch.write(path.with_suffix(".more"))
    return written


def check(key: tokbox.PublicKey, tokens: list[str]) -> list[str]:
    found: Verification = key.verify_many(tokens, multithread=True)
    if found.ok:
        return tokens
    reasons = {row: error.reason for row, error in found.failures.items()}
    print(reasons)
    return [token for token, valid in zip(tokens, found, strict=True) if valid]
