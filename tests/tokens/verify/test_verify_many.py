"""`verify_many` gives the same verdicts as `verify`, for many tokens at once."""

from __future__ import annotations

import base64
import functools
import pickle
import random
import string
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence

import pytest

from tests.support import reference
from tests.support.batches import KEY, OTHER_SESSION, SECRET, SESSION
from tests.support.corpus import (
    CORPUS,
    ENCODED_SESSIONS,
    JSON_PIECES,
    altered,
    fields,
    make_jwt,
    make_raw,
    make_raw_jwt,
    members,
)
from tests.support.encodings import reencoded
from tests.support.kernels import every_kernel
from tests.support.sizes import size
from tests.tokens.verify.test_verify import GO_STYLE, NOW, VECTORS, make
from tokbox import _fastsign, _memory
from tokbox._fastsign import (
    BAD_SIGNATURE,
    EXPIRED,
    NOT_YET_VALID,
    UNDECIDED,
    VALID,
    WRONG_KEY,
)
from tokbox.errors import (
    BadSignatureError,
    ClosedError,
    ExpiredTokenError,
    InvalidInputError,
    MalformedTokenError,
    TokenError,
    WrongKeyError,
)
from tokbox.tokens import t1
from tokbox.tokens.claims import check_now
from tokbox.tokens.signer import Signer
from tokbox.tokens.verification import verify as verify_module
from tokbox.tokens.verification.verify import decode, decode_many

#: Compared alterations of what is signed, signed again, for each kernel.
ALTERATIONS = size(2000, 20_000)


@pytest.fixture
def signer():
    return Signer(KEY, SECRET)


@functools.cache
def authentic_on(kernel):
    """Return `_authentic`, which remembers what it returned for tokens of the corpus."""
    known = {}

    def authentic(token, *key):
        if id(token) not in known:
            try:
                known[id(token)] = token, authentic.real(token, *key), None
            except TokenError as error:
                known[id(token)] = token, None, error
        _, found, error = known[id(token)]
        if error is not None:
            raise error
        return found

    authentic.real = verify_module._authentic
    return authentic


@pytest.fixture
def authentic_once(kernel, monkeypatch):
    """Parse each token of the corpus and compute its MAC once on each kernel.

    The time and the session do not change the result. Tests that use this verify the
    corpus only, with the key of `signer`.
    """
    monkeypatch.setattr(verify_module, "_authentic", authentic_on(kernel))


@functools.cache
def corpus_one_by_one(**options):
    """The same of the corpus. All kernels must find it, so one of them is asked."""
    return one_by_one(Signer(KEY, SECRET), CORPUS, **options)


def one_by_one(signer, tokens, *, now=None, session_id=None):
    """Verify each without the core; return None, or the exception's type and message."""
    found = []
    key, project, seconds = signer._backend.verifier, signer.project_id, check_now(now)
    for token in tokens:
        try:
            verify_module.verify_slow_path(
                token, key, project, session_id=session_id, now=seconds
            )
        except TokenError as error:
            found.append((type(error), str(error)))
        else:
            found.append(None)
    return found


def said(verification):
    """The same for the results of `verify_many`."""
    failures = verification.failures
    assert list(verification) == [row not in failures for row in range(len(verification))]
    return [
        (type(failures[row]), str(failures[row])) if row in failures else None
        for row in range(len(verification))
    ]


@functools.cache
def among_many(step):
    """Each *step*-th token of the corpus in random order, among enough valid tokens for
    several threads, with the expected results."""
    expected = corpus_one_by_one(now=NOW)
    good = [make_raw(fields(nonce=str(i))) for i in range(2000)]
    rows = [*range(0, len(CORPUS), step), *[None] * 20_000]
    random.Random(1).shuffle(rows)
    tokens = [good[i % 2000] if row is None else CORPUS[row] for i, row in enumerate(rows)]
    return tokens, [None if row is None else expected[row] for row in rows]


### Equal to verify ###


@pytest.mark.usefixtures("authentic_once")
@pytest.mark.parametrize("multithread", [False, True])
@pytest.mark.parametrize(
    "now", [NOW, NOW + 0.75, 1_700_000_040, 1_700_000_039, 1_700_086_499, 1_700_086_500]
)
def test_many_are_found_as_they_are_one_by_one(signer, now, multithread):
    expected = corpus_one_by_one(now=now)
    assert said(signer.verify_many(CORPUS, now=now, multithread=multithread)) == expected


@every_kernel
def test_many_tokens_get_the_results_of_single_calls_at_any_position(signer):
    tokens, expected = among_many(step=1)
    for multithread in (False, True):
        assert (
            said(signer.verify_many(tokens, now=NOW, multithread=multithread)) == expected
        )


def test_the_corpus_contains_good_tokens_and_each_reason_for_rejection():
    """Or the comparison above would show little."""
    found = corpus_one_by_one(now=NOW)
    reasons = {error and error[0].__name__ for error in found}
    assert reasons == {
        None, "MalformedTokenError", "WrongKeyError", "BadSignatureError", "ExpiredTokenError", "NotYetValidTokenError", "WrongClaimsError", "WrongPurposeError",
    }  # fmt: skip
    assert found.count(None) > 100


@pytest.mark.usefixtures("authentic_once")
@pytest.mark.parametrize(
    "session_id", [SESSION, OTHER_SESSION, "", "x", "\ud800", "é", SESSION + "\0"]
)
def test_the_session_can_be_pinned(signer, session_id):
    expected = corpus_one_by_one(now=NOW, session_id=session_id)
    assert said(signer.verify_many(CORPUS, now=NOW, session_id=session_id)) == expected


@every_kernel
@pytest.mark.parametrize(
    "now", [0, -5, -0.5, -(10**30), 2**62, 2**63, 2**64 - 30, 2**64, 1e30]
)
def test_any_time_can_be_asked_about(signer, now):
    tokens = [
        make(GO_STYLE),
        make_raw(fields(create_time="30", expire_time="60")),
        make_jwt(),
        "T1==",
    ]
    assert said(signer.verify_many(tokens, now=now)) == one_by_one(signer, tokens, now=now)


@pytest.mark.parametrize("now", [float("nan"), float("inf")])
def test_an_invalid_time_is_refused_as_in_single_calls(signer, now):
    with pytest.raises((ValueError, OverflowError)) as one:
        signer.verify(make(GO_STYLE), now=now)
    with pytest.raises(type(one.value)):
        signer.verify_many([make(GO_STYLE)], now=now)


@every_kernel
def test_the_clock_is_the_default(signer):
    session = signer.session(SESSION)
    tokens = [
        make(GO_STYLE),
        session.token(expiration=60),
        session.token(kind="jwt"),
        make_jwt(),
    ]
    found = signer.verify_many(tokens)
    assert list(found) == [False, True, True, False]
    assert {type(error) for error in found.failures.values()} == {ExpiredTokenError}


@every_kernel
@pytest.mark.parametrize("key", ["1", "12", "123", "40000123", "12345678901234567890"])
def test_keys_of_every_length_are_verified(key):
    """The signature is at another position of the base64 text."""
    signer = Signer(key, SECRET)
    session = "1_" + reference.base64url(f"1~{key}~~1~x~P~".encode())
    tokens = signer.sign_rows(session, connection_data=["x" * i for i in range(200)])
    assert list(signer.verify_many(tokens)) == [True] * 200
    stranger = Signer(key[:-1] + "9", SECRET)
    failures = stranger.verify_many(tokens).failures
    assert [*map(type, failures.values())] == [WrongKeyError] * 200
    forger = Signer(key, "another")
    failures = forger.verify_many(tokens).failures
    assert [*map(type, failures.values())] == [BadSignatureError] * 200


### How tokens are given ###


@every_kernel
@pytest.mark.parametrize(
    "shape", [list, tuple, iter, lambda v: (t for t in v), lambda v: dict.fromkeys(v)],
    ids=["list", "tuple", "iterator", "generator", "keys"],
)  # fmt: skip
def test_tokens_are_taken_from_anything_that_gives_them(signer, shape):
    tokens = [make_raw(fields(nonce=str(i))) for i in range(100)] + ["T1=="]
    found = signer.verify_many(shape(tokens), now=NOW)
    assert said(found) == one_by_one(signer, tokens, now=NOW)


VARYING = {"session_id": SESSION, "connection_data": ["é" * (i % 97) for i in range(120)]}
BATCHES = {
    "uniform": lambda signer: signer.session(SESSION).token_batch(120),
    "uniform jwt": lambda signer: signer.session(SESSION).token_batch(120, kind="jwt"),
    "varying": lambda signer: signer.sign_rows(**VARYING),
    "varying jwt": lambda signer: signer.sign_rows(**VARYING, kind="jwt"),
    "with rows left out": lambda signer: signer.sign_rows(
        **VARYING, expiration=[60, -1, 0] * 40, errors="null"
    ),
    "of nothing": lambda signer: signer.session(SESSION).token_batch(0),
    "of no rows": lambda signer: signer.sign_rows([]),
    "of rows that were all left out": lambda signer: signer.sign_rows(
        [None] * 120, errors="null"
    ),
}


CUTS = [
    slice(None), slice(None, 70), slice(70, None), slice(None, None, -1), slice(None, None, 3), slice(100, 20, -7),
    slice(0, 0), slice(500, None), slice(1, 2), slice(119, None),
]  # fmt: skip


@every_kernel
@pytest.mark.parametrize("name", BATCHES)
def test_a_batch_is_verified_like_a_list_of_its_tokens(signer, name):
    whole = BATCHES[name](signer)
    for who in (signer, Signer(KEY, "another")):
        for session_id in (None, SESSION, OTHER_SESSION):
            expected = one_by_one(who, list(whole), session_id=session_id)
            for cut in CUTS:
                found = who.verify_many(whole[cut], session_id=session_id)
                assert said(found) == expected[cut], cut
    for batch in (whole[cut] for cut in CUTS):
        failures = signer.verify_many(batch).failures
        if name not in ("with rows left out", "of rows that were all left out"):
            assert not failures
        else:
            assert [*failures] == [i for i, token in enumerate(batch) if token is None]
            assert all(type(error) is MalformedTokenError for error in failures.values())


@every_kernel
def test_a_batch_is_verified_by_more_than_one_thread(signer):
    texts = [None if i % 1000 == 7 else "x" * (i % 50) for i in range(40_000)]
    ends = [-1 if i % 1000 == 9 else 600 for i in range(40_000)]
    batch = signer.sign_rows(
        SESSION, role="publisher", connection_data=texts, expiration=ends, errors="null"
    )
    found = signer.verify_many(batch, multithread=True)
    assert [*found.failures] == [*range(9, 40_000, 1000)]


def test_one_token_is_not_many(signer):
    with pytest.raises(InvalidInputError) as caught:
        signer.verify_many(make(GO_STYLE))
    assert caught.value.field == "tokens"
    assert make(GO_STYLE) not in str(caught.value)


@pytest.mark.parametrize("tokens", [None, 5, object()])
def test_an_object_without_tokens_is_refused(signer, tokens):
    with pytest.raises(InvalidInputError, match="tokens must be an iterable"):
        signer.verify_many(tokens)


def test_a_closed_signer_verifies_nothing(signer):
    signer.close()
    with pytest.raises(ClosedError, match="closed"):
        signer.verify_many([])


### Alterations, signed again ###


T1_BASES = [data.encode() for _, data, _, _ in VECTORS] + [
    fields(),
    fields(expire_time=None),
    fields(scope="session.connect", initial_layout_class_list="a%20b"),
]
JWT_BASES = [
    members(),
    members(exp=None),
    members(connection_data='"a,b"', nonce="0.25", initial_layout_class_list='"x y"'),
    members(exp=None, iat=None, create_time="1700000100", expire_time="1700086500"),
    members(role="null", data='"a"', initial_layout_list='["a","b"]', nbf="1700000100"),
    members(jti="null", nonce="1.2e-7", x="true", y="[]", z='"z"', expireTime="null"),
]


def a_secret(rng: random.Random) -> str:
    """The right secret, mostly."""
    return SECRET if rng.randrange(8) else "another"


def core(signer: Signer, tokens: Sequence[str], now: int = NOW) -> bytes:
    """Return the core's verdict on each of *tokens*."""
    key, leeway = signer._backend.key, verify_module.LEEWAY
    heads = verify_module._heads.known["HS256"]
    found, _ = _fastsign.verify_many(
        key, t1.head(KEY), KEY.encode(), tuple(tokens), now, leeway, hs256_heads=heads
    )
    return found


@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_tokens_accepted_by_the_core_are_accepted_by_verify(signer, kernel, kind):
    """Most have a valid signature, so that only their claims can be refused."""
    rng = random.Random(kernel + kind)
    if kind == "t1":
        data = [altered(rng, rng.choice(T1_BASES)) for _ in range(ALTERATIONS)]
        tokens = tuple(make_raw(each, a_secret(rng)) for each in data)
    else:
        data = [
            altered(rng, rng.choice(JWT_BASES), JSON_PIECES, b",", b":")
            for _ in range(ALTERATIONS)
        ]
        tokens = tuple(make_raw_jwt(each, a_secret(rng)) for each in data)
    expected = one_by_one(signer, tokens, now=NOW)
    verdicts = core(signer, tokens)
    wrongly = [
        data[i]
        for i in range(ALTERATIONS)
        if (verdicts[i] == VALID and expected[i])
        or (verdicts[i] not in (VALID, UNDECIDED) and not expected[i])
    ]
    assert wrongly == []
    assert said(signer.verify_many(tokens, now=NOW)) == expected
    # Each side is well represented, and most that hold need no closer look.
    held = expected.count(None)
    assert ALTERATIONS // 10 < held < ALTERATIONS
    assert verdicts.count(VALID) > held // 2


@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_other_encodings_get_the_result_of_verify(signer, kernel, kind):
    rng = random.Random(kernel + kind)
    sessions = [SESSION, *ENCODED_SESSIONS]
    good = [
        make_raw(fields(session_id=one, nonce=nonce, connection_data="?~>"))
        if kind == "t1"
        else make_raw_jwt(members(session_id=f'"{one}"', jti=f'"{nonce}?~>"'))
        for one in sessions
        for nonce in ("1", "12", "123")
    ]
    tokens = tuple(reencoded(rng, rng.choice(good)) for _ in range(ALTERATIONS))
    expected = one_by_one(signer, tokens, now=NOW)
    wrongly = [
        token
        for token, verdict, error in zip(
            tokens, core(signer, tokens), expected, strict=True
        )
        if (verdict == VALID and error) or (verdict not in (VALID, UNDECIDED) and not error)
    ]
    assert wrongly == []
    assert said(signer.verify_many(tokens, now=NOW)) == expected
    assert 0 < expected.count(None) < ALTERATIONS
    # Each token has one encoding, and a T1 token one in each alphabet.
    accepted = {token for i, token in enumerate(tokens) if expected[i] is None}
    alphabet = str.maketrans("-_", "+/") if kind == "t1" else {}
    assert {token.translate(alphabet) for token in accepted} <= set(good)


@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_the_usual_reasons_need_no_closer_look(signer, kernel, kind, monkeypatch):
    other = OTHER_SESSION  # of the same project
    stranger = Signer("12345678", SECRET)
    foreign = "1_MX4xMjM0NTY3OH5-MTcwMDAwMDAwMDEyM35hYmNkfn4"
    good = signer.session(other).token(kind=kind)
    created = decode(good).create_time
    altered = good[:-20] + ("A" if good[-20] != "A" else "B") + good[-19:]
    tokens = [
        good,
        Signer(KEY, "another" * 6).session(other).token(kind=kind),
        altered,
        stranger.session(foreign).token(kind=kind),
    ]
    ended, early = created + 86_400, created - 61
    for now, verdict in ((created, VALID), (ended, EXPIRED), (early, NOT_YET_VALID)):
        assert [*core(signer, tokens, now)] == [
            verdict,
            BAD_SIGNATURE,
            BAD_SIGNATURE,
            WRONG_KEY,
        ]
        expected = one_by_one(signer, tokens, now=now)
        assert [error is None for error in expected] == [verdict == VALID, *[False] * 3]
        with monkeypatch.context() as patch:
            patch.delattr(verify_module, "verify_slow_path")
            found = signer.verify_many(tokens, now=now)
            assert said(found) == expected


@every_kernel
def test_a_header_is_looked_at_once(signer, monkeypatch):
    """The header may have other members, too; the core accepts it from then on."""
    monkeypatch.setattr(verify_module, "_heads", verify_module._Heads())
    looked_at = []
    real = verify_module.jwt.algorithm_of
    monkeypatch.setattr(
        verify_module.jwt,
        "algorithm_of",
        lambda part: looked_at.append(part) or real(part),
    )
    good, bad = '{"kid":"1","alg":"HS256"}', '{"alg":"HS256","crit":["b64"]}'
    tokens = [make_raw_jwt(members(), head=head) for head in (good, bad, good, bad)]
    for _ in range(2):
        found = signer.verify_many(tokens, now=NOW)
        assert list(found) == [True, False, True, False]
        assert said(found) == one_by_one(signer, tokens, now=NOW)
    assert len(looked_at) == 2
    with monkeypatch.context() as patch:
        patch.delattr(verify_module, "verify_slow_path")
        assert signer.verify_many(tokens[:1], now=NOW).ok


@every_kernel
def test_no_more_than_some_headers_are_kept(signer, monkeypatch):
    heads = verify_module._Heads()
    monkeypatch.setattr(verify_module, "_heads", heads)
    tokens = [
        make_raw_jwt(members(), head=f'{{"alg":"{alg}","kid":"{i}"}}')
        for i in range(50)
        for alg in ("HS256", "none")
    ]
    assert list(signer.verify_many(tokens, now=NOW)) == [True, False] * 50
    known = sum(map(len, heads.known.values()))
    assert known + len(heads._refused) == heads._MAX_HEADERS


@every_kernel
@pytest.mark.parametrize("is_arrow", [False, True])
def test_a_null_needs_no_closer_look(signer, monkeypatch, is_arrow):
    good = make_raw(fields(nonce="1"))
    tokens = [None, good, None, ""]
    column = pytest.importorskip("pyarrow").array(tokens) if is_arrow else tokens
    expected = one_by_one(signer, tokens, now=NOW)
    with monkeypatch.context() as patch:
        checked = []
        real = verify_module.verify_slow_path
        patch.setattr(
            verify_module,
            "verify_slow_path",
            lambda *a, **k: checked.append(a[0]) or real(*a, **k),
        )
        assert said(signer.verify_many(column, now=NOW)) == expected
    assert checked == [""]


@every_kernel
def test_reasons_are_counted_with_and_without_exceptions(signer):
    good = make_raw(fields(nonce="1"))
    foreign = make_raw(fields(), key="123")
    tokens = [good, None, good[:-8] + "AAAA" + good[-4:], foreign, foreign, good[:-1], 5]
    for now in (NOW, 1_700_086_500, 1_600_000_000):
        found = signer.verify_many(tokens, now=now)
        counts = found._count_reasons()
        assert counts == Counter(error.reason for error in found.failures.values())
        assert found._count_reasons() == counts
        assert pickle.loads(pickle.dumps(found))._count_reasons() == counts
        assert list(found) == [row not in found.failures for row in range(len(tokens))]


@every_kernel
def test_rows_that_were_not_signed_are_nulls(signer, monkeypatch):
    batch = signer.sign_rows([SESSION, "x", SESSION], errors="null")
    monkeypatch.delattr(verify_module, "verify_slow_path")
    failures = signer.verify_many(batch).failures
    assert {row: str(error) for row, error in failures.items()} == {
        1: "not a T1 token: it must be a string, not NoneType"
    }


@every_kernel
def test_a_subclass_of_str_is_what_its_characters_are(signer, monkeypatch):
    class Text(str):
        __slots__ = ()

        def encode(self, *args):
            return b"another"

    good = make_raw(fields(nonce="1"))
    monkeypatch.delattr(verify_module, "verify_slow_path")
    index = pytest.importorskip("pandas").Index([good])
    for column in ([Text(good)], index, index.to_numpy(str)):
        assert list(signer.verify_many(column, now=NOW)) == [True]


@every_kernel
def test_the_head_of_another_key_is_read_as_verify_reads_it(signer):
    rng = random.Random(23)
    pieces = [b"&", b"=", b":", b"sig", b"&sig=", b"partner_id=", b"0", b"g", b"\xff", b""]
    digits = bytes(rng.choices(b"0123456789abcdef", k=40))
    tokens = []
    for _ in range(ALTERATIONS):
        key = rng.choice([b"12345678", KEY.encode(), b"4000012", b"x"])
        raw = b"partner_id=" + key + b"&sig=" + digits + b":session_id=" + SESSION.encode()
        for _ in range(rng.randrange(3)):
            at = rng.randrange(80)
            raw = raw[:at] + rng.choice(pieces) + raw[at + rng.randrange(3) :]
        tokens.append(
            "T1==" + base64.b64encode(raw[: rng.choice([20, 60, 100, 200])]).decode()
        )
    expected = one_by_one(signer, tokens, now=NOW)
    assert said(signer.verify_many(tokens, now=NOW)) == expected
    # Keys of others, damaged heads, and signatures that are wrong.
    assert len({kind for kind, _ in filter(None, expected)}) == 3


@every_kernel
def test_every_character_at_any_position_gets_the_result_of_verify(signer):
    """All of both alphabets, and what is in neither, in any place of a vector register."""
    text = "".join(map(chr, range(0x80, 0x180)))
    token = make_raw(fields(connection_data=text))
    assert set(string.ascii_letters + string.digits + "+/") <= set(token)
    places = [i for i in range(4, len(token)) if token[i] in "+/" or i % 11 == 0]
    others = [token[:i] + chr(c) + token[i + 1 :] for i in places for c in range(128)]
    found = signer.verify_many(others, now=NOW)
    assert said(found) == one_by_one(signer, others, now=NOW)


@every_kernel
def test_no_altered_bit_of_a_token_passes(signer):
    token = make(GO_STYLE)
    raw = base64.b64decode(token[4:])
    altered_tokens = []
    for i in range(len(raw)):
        for bit in range(8):
            other = raw[:i] + bytes([raw[i] ^ 1 << bit]) + raw[i + 1 :]
            altered_tokens.append("T1==" + base64.b64encode(other).decode())
    found = signer.verify_many(altered_tokens, now=NOW)
    assert True not in found
    assert said(found) == one_by_one(signer, altered_tokens, now=NOW)


@every_kernel
@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_our_own_tokens_need_no_closer_look(signer, monkeypatch, kind):
    """They are valid, and the core accepts them; Python would be too slow for verify_many."""
    batch = signer.sign_rows(
        [SESSION, OTHER_SESSION] * 500,
        role=["publisher", "subscriber", "moderator", "publisheronly"] * 250,
        connection_data=[f'é {i} +&="\\\n' * (i % 70) for i in range(1000)],
        expiration=[0, 60, 86400, 2592000] * 250,
        initial_layout_class_list=["", "a", "a b", None] * 250,
        kind=kind,
    )

    def look(*_, **__):
        raise AssertionError("a closer look at a good token")

    monkeypatch.setattr(verify_module, "verify_slow_path", look)
    for tokens in (
        batch,
        batch.tolist(),
        signer.session(SESSION).token_batch(100, kind=kind),
        [signer.session(SESSION).token(connection_data='"é"', kind=kind)],
    ):
        assert not signer.verify_many(tokens).failures


### Results ###


@every_kernel
def test_a_verification_is_a_sequence_of_bool(signer):
    good, bad = make(GO_STYLE), make(GO_STYLE, secret="another")
    found = signer.verify_many([good, bad, good, "T1=="], now=NOW)
    assert len(found) == 4
    valid = [True, False, True, False]
    assert list(found) == valid
    assert [found[i] for i in range(-4, 4)] == valid * 2
    assert all(type(one) is bool for one in (*found, *found[:], found[0], found[1]))
    assert found[::-1] == list(reversed(found)) == valid[::-1]
    assert found[1:2] == [False]
    assert found[9:] == []
    assert (found.count(True), found.index(False), False in found) == (2, 1, True)
    for i in (4, -5, 10**30):
        with pytest.raises(IndexError):
            found[i]
    assert [(row, type(error)) for row, error in found.failures.items()] == [
        (1, BadSignatureError),
        (3, MalformedTokenError),
    ]
    with pytest.raises(TypeError):
        found.failures[0] = None
    assert repr(found) == "<Verification of 4 tokens, 2 not valid>"


@every_kernel
def test_all_is_false_and_ok_is_false_if_no_token_is_valid(signer):
    found = signer.verify_many(["T1==", make(GO_STYLE, secret="another")], now=NOW)
    assert not all(found)
    assert not any(found)
    assert found.ok is False


@every_kernel
def test_ok_is_true_if_all_tokens_are_valid(signer):
    found = signer.verify_many([make(GO_STYLE)] * 3, now=NOW)
    assert all(found)
    assert found.ok is True
    assert found.failures == {}
    assert signer.verify_many([]).ok is True
    assert signer.verify_many([make(GO_STYLE), "T1=="], now=NOW).ok is False


@every_kernel
@pytest.mark.parametrize("tokens", [[], ["T1=="], [make(GO_STYLE)] * 2], ids=len)
def test_a_bulk_result_has_no_truth_value(signer, tokens):
    for found in (signer.verify_many(tokens, now=NOW), decode_many(tokens)):
        name = type(found).__name__
        for ask in (bool, lambda given: not given, lambda given: 1 if given else 2):
            with pytest.raises(TypeError, match=f"truth value of a {name} .* use .ok"):
                ask(found)


@every_kernel
def test_verifications_are_equal_if_the_same_rows_are_valid(signer):
    good, bad = make(GO_STYLE), make(GO_STYLE, secret="another")
    found = signer.verify_many([good, bad], now=NOW)
    assert found == signer.verify_many([good, "T1=="], now=NOW)
    for other in ([bad, good], [good], [good, bad, good], [bad, bad]):
        assert found != signer.verify_many(other, now=NOW)
    assert found != [True, False]
    assert found != decode_many([good, bad])
    with pytest.raises(TypeError, match="unhashable"):
        hash(found)


def test_decoded_tokens_with_equal_claims_are_equal():
    tokens = [make(GO_STYLE), "T1=="]
    found = decode_many(tokens)
    assert found == decode_many(tokens)
    for other in (tokens[:1], tokens[::-1], [tokens[0], ""], [make(GO_STYLE)] * 2):
        assert found != decode_many(other)
    assert found != list(found)
    with pytest.raises(TypeError, match="unhashable"):
        hash(found)


def test_decoded_tokens_are_ok_if_all_can_be_read():
    assert decode_many([]).ok is True
    assert decode_many([make(GO_STYLE)]).ok is True
    found = decode_many([make(GO_STYLE), "T1==", "x"])
    assert found.ok is False
    assert [*found.failures] == [1, 2]
    assert found.failures[1] is found[1]


@every_kernel
def test_the_first_failure_can_be_raised(signer):
    good, bad = make(GO_STYLE), make(GO_STYLE, secret="another")
    with pytest.raises(BadSignatureError):
        signer.verify_many([good, bad, "T1=="], now=NOW).raise_first()
    assert signer.verify_many([good], now=NOW).raise_first() is None
    assert signer.verify_many([]).raise_first() is None


@every_kernel
def test_nothing_that_is_found_shows_a_token(signer):
    found = signer.verify_many(CORPUS, now=NOW)
    for row, error in found.failures.items():
        token = CORPUS[row]
        if isinstance(token, str) and len(token) > 20:
            assert token[4:24] not in repr(error) + repr(error.__context__)


### Threads, signals ###


@every_kernel
def test_many_threads_can_verify_with_one_signer(signer):
    tokens, expected = among_many(step=10)
    results = []

    def work():
        results.append(said(signer.verify_many(tokens, now=NOW, multithread=True)))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 8


@every_kernel
@pytest.mark.parametrize("multithread", [False, True])
@pytest.mark.parametrize("shape", ["list", "batch"])
def test_other_threads_run_while_tokens_are_verified(signer, shape, multithread):
    batch = signer.sign_rows(
        SESSION, role="publisher", connection_data=["x" * (i % 50) for i in range(100_000)]
    )
    tokens = batch.tolist() if shape == "list" else batch
    counted = 0
    stop = threading.Event()

    def count():
        nonlocal counted
        while not stop.is_set():
            counted += 1
            time.sleep(0)

    thread = threading.Thread(target=count)
    thread.start()
    try:
        before = counted
        found = signer.verify_many(tokens, multithread=multithread)
        during = counted - before
    finally:
        stop.set()
        thread.join()
    assert not found.failures
    # With the GIL held throughout, it would be one or two.
    assert during > 20


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("options", ["", "multithread=True"])
def test_control_c_ends_a_verification(kernel, options):
    program = f"""
import os, threading, signal
from tokbox import _fastsign
from tokbox.tokens.signer import Signer
_fastsign.select_kernel({kernel!r})
signer = Signer({KEY!r}, "secret")
tokens = signer.session({SESSION!r}).tokens(20_000) * 200
threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    while True:
        signer.verify_many(tokens, {options})
except KeyboardInterrupt:
    print("interrupted", threading.active_count() <= 2)
assert not signer.verify_many(tokens[:9]).failures
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "interrupted True\n", done.stderr
    assert done.returncode == 0


def test_the_core_s_texts_guard_their_memory():
    memory, offsets = _memory.Memory(100), _memory.Memory(16)
    for arguments in [
        (memory, None, 10, 0, 11),
        (memory, None, 10, 5, 6),
        (memory, None, 2**62, 0, 8),
        (memory, None, 1, 2**62, 2**62),
        (memory, offsets, 0, 0, 2),
        (memory, offsets, 0, 1, 1),
    ]:
        with pytest.raises(IndexError):
            _memory.StringSlice(*arguments)
    for sizes in ((-1, 0, 1), (1, 0, -1), (1, -1, 1)):
        with pytest.raises(ValueError, match="negative"):
            _memory.StringSlice(memory, None, *sizes)
