"""Tokens of a Vonage application: what the plain twin signs, and what PyJWT reads."""

from __future__ import annotations

import io
import random
import signal
import subprocess
import sys
import time
from datetime import timedelta

import jwt as pyjwt
import pytest

from tests.support import batches, reference
from tests.support.applications import APPLICATION, SESSION, key_pair, numbers, private_pem
from tokbox.errors import InvalidClaimsError, InvalidInputError
from tokbox.tokens import jwt
from tokbox.tokens.rs256 import backend as rs256
from tokbox.tokens.signer import Signer
from tokbox.tokens.verification.verify import decode

TEXTS = [
    "",
    "x",
    'quo"te\\',
    "\n\t\x01\x7f",
    "Zoë & Co, a~b*c",
    "\U0001f600\u2028</script>",
]
NOW = 1_700_000_000
RANDOM = bytes(range(24))


def read(token: str) -> dict:
    key = key_pair().public_key()
    assert pyjwt.get_unverified_header(token) == {"typ": "JWT", "alg": "RS256"}
    return pyjwt.decode(token, key, algorithms=["RS256"], options={"verify_sub": False})


@pytest.mark.parametrize("text", TEXTS)
def test_pyjwt_reads_what_we_sign(session, text):
    claims = {
        "role": "moderator",
        "connection_data": text,
        "expiration": 3600,
        "initial_layout_class_list": ["focus", "small"],
    }
    tokens = [
        session.token(**claims),
        session.token(**claims, kind="jwt"),
        *session.tokens(9, **claims),
        *session.tokens(40, True, **claims),
        *session.token_batch(9, multithread=True, **claims),
        *[token for batch in session.iter_batches(9, **claims, chunk=4) for token in batch],
    ]
    assert len(set(tokens)) == 69
    for token in tokens:
        said = read(token)
        assert said.pop("connection_data", "") == text
        assert said.pop("exp") - said.pop("iat") == 3600
        jti = said.pop("jti")
        assert len(jti) == 27
        assert jti.isdecimal()
        assert said == {
            "application_id": APPLICATION,
            "session_id": SESSION,
            "scope": "session.connect",
            "role": "moderator",
            "initial_layout_class_list": "focus small",
            "sub": "video",
            "acl": {"paths": {"/session/**": {}}},
        }


def test_no_expiration_leaves_the_claim_out(session):
    assert "exp" not in read(session.token(expiration=0))


def data_of(text: str, classes: str) -> bytes:
    first = jwt.first_claims(APPLICATION, SESSION)
    claims = {
        "expiration": 60,
        "role": "publisher",
        "connection_data": text,
        "initial_layout_class_list": classes,
    }
    return jwt.further_claims(first, NOW, claims)


@pytest.mark.parametrize("length", range(6))
def test_a_batch_equals_the_reference(signer, length):
    """For every number of bytes that base64 can have left over before the jti."""
    data = data_of("é" * length + "x", "a b")
    plan = rs256.BatchPlan(signer._backend.key, data, RANDOM)
    first = reference.nonce_start(RANDOM)
    expected = [
        reference.rs256_jwt(numbers(), f'{data.decode()}{first + i}"}}') for i in range(20)
    ]
    assert plan.strings(20) == plan.strings(20, threads=3) == expected
    assert {len(token) for token in expected} == {plan.token_length}


def test_every_way_into_memory_gives_the_same_tokens(signer, session, monkeypatch):
    monkeypatch.setattr(rs256.os, "urandom", lambda n: RANDOM)
    monkeypatch.setattr("tokbox.tokens.rs256.backend.time.time", lambda: NOW)
    tokens = session.tokens(20)
    assert session.token_batch(20).tolist() == tokens
    assert session.token_batch(20, multithread=True).tolist() == tokens
    kept = list(session.iter_batches(20, chunk=7))
    assert [token for batch in kept for token in batch] == tokens
    file = io.BytesIO()
    assert session.write_tokens(file, 20) == 20
    assert file.getvalue().decode().split() == tokens
    assert session.tokens(0) == []


def test_a_stream_comes_in_smaller_pieces(signer, session):
    batch = next(session.iter_batches(10**6))
    assert len(batch) == signer._backend.chunk == 256


@pytest.mark.parametrize("kind", ["t1", "T1", "rs256", "", 1, []])
def test_other_kinds_are_refused(signer, session, kind):
    for sign in (
        lambda: session.token(kind=kind),
        lambda: session.tokens(2, kind=kind),
        lambda: session.token_batch(2, kind=kind),
        lambda: signer.sign_rows([SESSION], kind=kind),
    ):
        with pytest.raises(InvalidClaimsError) as caught:
            sign()
        assert caught.value.field == "kind"
        assert "T1 tokens are signed with an API secret" in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("role", "king"),
        ("connection_data", "x" * 1001),
        ("connection_data", 5),
        ("connection_data", "\ud800"),
        ("expiration", -1),
        ("expiration", 1.5),
        ("expiration", timedelta(days=31)),
        ("initial_layout_class_list", ["a b"]),
    ],
)
def test_claims_that_break_a_rule_are_not_signed(session, field, value):
    for sign in (session.token, lambda **claim: session.tokens(2, **claim)):
        with pytest.raises(InvalidClaimsError) as caught:
            sign(**{field: value})
        assert caught.value.field == field


def test_a_session_of_another_tenant_is_refused(signer):
    for other in (
        batches.SESSION,
        SESSION.replace("MX4zZ", "MX40Z"),
    ):
        with pytest.raises(InvalidClaimsError, match=f"this client uses .*{APPLICATION}"):
            signer.session(other)


def test_a_session_is_accepted_in_any_case_of_its_id(signer):
    upper = f"1~{APPLICATION.upper()}~~1700000000123~Ab3~~~"
    assert signer.session("1_" + reference.base64url(upper.encode()))


def test_any_claims_are_signed_for_rest_calls(signer):
    claims = {"application_id": APPLICATION, "iat": 1, "é": [None, "ü"]}
    key = key_pair().public_key()
    assert pyjwt.decode(signer._jwt(claims), key, algorithms=["RS256"]) == claims
    secret = "example0secret0example0secret0example0sec"
    signed = Signer("40000123", secret)._jwt(claims)
    assert pyjwt.decode(signed, secret, algorithms=["HS256"]) == claims


### One token a row ###

CHOICES = {
    "session_id": [
        SESSION,
        "2_" + reference.base64url(f"1~{APPLICATION}~~1~x~~~".encode()),
    ],
    "role": ["subscriber", "publisher", "publisheronly", "moderator"],
    "connection_data": TEXTS,
    "expiration": [0, 1, 86_400, 2_592_000],
    "initial_layout_class_list": ["", "focus", "focus small", "Zoë"],
}


@pytest.mark.parametrize(
    "columns", batches.SUBSETS, ids=lambda columns: ",".join(sorted(columns))
)
def test_rows_equal_the_reference(signer, columns):
    rng = random.Random(",".join(sorted(columns)))
    n = 5
    given = {
        name: [rng.choice(values) for _ in range(n)] if name in columns else values[1]
        for name, values in CHOICES.items()
    }
    first = reference.nonce_start(batches.NONCE_BYTES)
    expected = [
        reference.row(
            "rs256",
            APPLICATION,
            numbers(),
            batches.NOW,
            {name: v[i] if name in columns else v for name, v in given.items()},
            columns,
            first + i,
        )
        for i in range(n)
    ]
    for threads in (1, 3):
        batch = batches.sign(signer, kind=None, threads=threads, **given)
        assert batch.tolist() == expected
        assert batch.failures == {}


def test_rows_have_the_claims_of_their_columns(signer):
    names = [None, *TEXTS, *map(str, range(30))]
    classes = [("a", "b")] * len(names)
    batch = signer.sign_rows(
        SESSION,
        connection_data=names,
        initial_layout_class_list=classes,
        expiration=[timedelta(hours=1)] * len(names),
        multithread=True,
    )
    assert [decode(token).connection_data for token in batch] == [n or "" for n in names]
    found = signer.verify_many(batch, multithread=True)
    assert not found.failures
    assert {decode(token).initial_layout_class_list for token in batch} == {("a", "b")}


BAD = [
    ("session_id", [SESSION, batches.SESSION]),
    ("session_id", [SESSION, "none"]),
    ("role", ["publisher", "king"]),
    ("expiration", [60, -1]),
    ("expiration", [60, None]),
    ("connection_data", ["", "x" * 1001]),
    ("initial_layout_class_list", ["", ["a b"]]),
]


@pytest.mark.parametrize(("name", "column"), BAD)
def test_a_bad_row_is_named_or_left_out(signer, name, column):
    given = {"session_id": SESSION, name: column}
    with pytest.raises(InvalidClaimsError) as caught:
        signer.sign_rows(**given)
    assert (caught.value.row, caught.value.field) == (1, name)
    batch = signer.sign_rows(**given, errors="null")
    assert batch[1] is None
    assert signer.verify(batch[0])
    assert [(error.row, error.field) for error in batch.failures.values()] == [(1, name)]


def test_columns_of_different_lengths_are_refused(signer):
    with pytest.raises(InvalidInputError, match="as many rows"):
        signer.sign_rows([SESSION] * 2, role=["publisher"] * 3)


### When something goes wrong ###


def test_an_error_in_a_thread_arrives(signer, session, monkeypatch):
    class Broken:
        bits = 2048

        def _sign(self, message):
            raise RuntimeError("no signature")

    monkeypatch.setattr(signer._backend.key, "private", Broken())
    for sign in (session.tokens, session.token_batch):
        with pytest.raises(RuntimeError, match="no signature"):
            sign(200, multithread=True)


@pytest.mark.parametrize("multithread", [False, True])
def test_an_interrupt_ends_a_long_batch(multithread, tmp_path):
    path = tmp_path / "key.pem"
    path.write_text(private_pem())
    program = (
        "import sys, threading\n"
        "from tokbox.tokens.signer import Signer\n"
        f"signer = Signer.from_private_key({APPLICATION!r}, {str(path)!r})\n"
        f"session = signer.session({SESSION!r})\n"
        "try:\n"
        "    print('ready', flush=True)\n"
        f"    session.tokens(200_000, {multithread})\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted', threading.active_count())\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.3)
        child.send_signal(signal.SIGINT)
        assert child.stdout.read() == "interrupted 1\n"
    assert child.returncode == 0
