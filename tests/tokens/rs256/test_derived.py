"""An application's derived nonces: RS256 tokens that can be made again, bit by bit."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from tests.support import batches, reference, vectors
from tests.support.applications import APPLICATION, SESSION, key_pair, numbers, private_pem
from tokbox.errors import InvalidClaimsError
from tokbox.secrecy import is_stripped
from tokbox.tokens.derive import Derived
from tokbox.tokens.signer import Signer
from tokbox.tokens.verification.verify import decode

RUN = {"run_id": "run 1", "issued_at": batches.NOW}


def test_rows_with_derived_nonces_equal_the_reference(signer):
    der = key_pair().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    key = hashlib.sha256(b"tokbox derived nonces v1" + der).digest()
    row_keys = ["a", 7, "é" * 100, "x" * 255]
    claims = {
        "session_id": SESSION,
        "role": "publisher",
        "connection_data": "Ada",
        "expiration": 3600,
        "initial_layout_class_list": "",
    }
    batch = batches.sign(
        signer, None, threads=2, **claims, nonce=Derived(**RUN, row_key=row_keys)
    )
    assert batch.tolist() == [
        reference.row(
            "rs256",
            APPLICATION,
            numbers(),
            batches.NOW,
            claims,
            set(),
            reference.derived_nonce(key, "run 1", str(row_key)),
        )
        for row_key in row_keys
    ]


def test_a_key_read_again_from_another_pem_signs_equal_tokens(signer):
    traditional = key_pair().private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    again = Signer.from_private_key(APPLICATION, traditional)
    other = Signer.from_private_key(APPLICATION, private_pem(key_pair(number=1)))
    first, second, third = (
        one.sign_rows(SESSION, nonce=Derived(row_key=range(3), **RUN))
        for one in (signer, again, other)
    )
    assert first == second
    assert not {decode(t).nonce for t in first} & {decode(t).nonce for t in third}


def test_a_row_with_a_bad_or_duplicate_key_is_named_or_left_out(signer):
    keys = ["a", "", "b", "a"]
    with pytest.raises(InvalidClaimsError, match="row 1: row_key must be text"):
        signer.sign_rows(SESSION, nonce=Derived(row_key=keys, **RUN))
    with pytest.raises(InvalidClaimsError, match="row 2: row_key must be unique"):
        signer.sign_rows(SESSION, nonce=Derived(row_key=[*keys[::2], "a"], **RUN))
    batch = signer.sign_rows(SESSION, errors="null", nonce=Derived(row_key=keys, **RUN))
    good = signer.sign_rows(SESSION, nonce=Derived(row_key=["a", "b"], **RUN))
    assert batch.tolist() == [good[0], None, good[1], None]
    assert [*batch.failures] == [1, 3]


def test_the_secret_of_a_purpose_is_not_shown(signer):
    key = signer._backend.key.private
    secret = key._secret_for(b"a purpose")
    assert secret != key._secret_for(b"another")
    shown = f"{signer!r} {signer._backend.key!r} {key!r} {signer._backend.nonce_key()!r}"
    assert secret.hex() not in shown
    assert is_stripped(type(key)._secret_for)
    assert is_stripped(type(key)._sign)


def test_derived_tokens_are_the_same_bytes_in_every_minor_version():
    # docs/policy.md promises it. Never change this digest within a major version.
    signer = Signer.from_private_key(
        APPLICATION, vectors.pem("Traditional_OpenSSL_Serialization/testrsa.pem")
    )
    batch = signer.sign_rows(
        SESSION,
        connection_data=["", "name=A"],
        expiration=3600,
        nonce=Derived(run_id="2026-11-30", row_key=["a", 7], issued_at=1_700_000_000),
    )
    assert (
        hashlib.sha256("\n".join(batch).encode()).hexdigest()
        == "aab421b13c6f42f44d89910d7e0d36cd39636f411534752cbd844cf61d596aff"
    )
