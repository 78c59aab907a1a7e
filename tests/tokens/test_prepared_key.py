"""The attributes of a prepared key, and the number of threads that it requests."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from tests.support.kernels import every_kernel
from tokbox.tokens import parallel
from tokbox.tokens.signer import Signer

KEY, SECRET = "40000123", "canary0secret0canary0secret0canary0secret"
SESSION = "1_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-UH5-"


@pytest.fixture
def signer() -> Signer:
    return Signer(KEY, SECRET)


@every_kernel
def test_it_signs_any_message_as_the_secret_does(signer: Signer) -> None:
    expected = hmac.digest(SECRET.encode(), b"message", hashlib.sha256)
    assert signer._backend.key.hmac_sha256(b"message") == expected


def test_it_is_named_by_its_api_key_alone(signer: Signer) -> None:
    assert signer.fingerprint == hashlib.sha256(KEY.encode()).hexdigest()[:8]
    assert Signer(KEY, "0" * 40).fingerprint == signer.fingerprint
    assert repr(signer) == f"<Signer for API key {KEY}>"
    assert repr(Signer.__new__(Signer)) == "<Signer>"


@pytest.mark.parametrize(
    ("n", "threads"), [(0, 1), (8191, 1), (8192, 2), (16_383, 2), (16_384, 3), (10**6, 64)]
)
def test_a_thread_is_worth_8192_tokens(
    signer: Signer, n: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "cpu_count", lambda: 64)
    assert signer._threads_for(True)(n) == threads
    assert signer._threads_for(False)(n) == 1


@pytest.mark.parametrize("many", ["sign_rows", "verify_many"])
def test_threads_are_used_only_on_request(
    signer: Signer, many: str, asked_threads: list[tuple[int, bool]]
) -> None:
    # Fewer rows are signed at once.
    given = [SESSION if many == "sign_rows" else signer.session(SESSION).token()] * 129
    for options in ({}, {"multithread": False}, {"multithread": True}):
        assert len(getattr(signer, many)(given, **options)) == 129
    assert asked_threads == [(129, False), (129, False), (129, True)]
