"""Nonces that are derived: who signs the same rows again makes the same tokens."""

from __future__ import annotations

import functools
import hashlib
import pickle
import random
from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pytest

from tests.support import reference
from tests.support.batches import KEY, NOW, SECRET, SESSION, random_id, random_rows, sign
from tests.support.kernels import every_kernel
from tests.support.sizes import size
from tokbox.errors import InvalidClaimsError, InvalidInputError
from tokbox.tokens import rows
from tokbox.tokens.columns import col
from tokbox.tokens.derive import Derived, check_row_key
from tokbox.tokens.signer import Signer
from tokbox.tokens.verification.verify import decode

#: Compared rows for each kernel and kind.
ROWS = size(5000, 40_000)
RUN = {"run_id": "2026-10-01", "issued_at": NOW}


@pytest.fixture
def signer():
    return Signer(KEY, SECRET)


def nonces(tokens):
    return [int(decode(token).nonce) for token in tokens]


def unique_ids(rng, n):
    """Keys of *n* rows; some are numbers."""
    keys = {}
    while len(keys) < n:
        number = rng.choice([rng.randrange(2 * n), rng.randrange(-(2**63), 2**64)])
        key = rng.choice([number, random_id(rng)])
        keys[str(key)] = key
    return list(keys.values())


### Values of derived nonces ###


@functools.cache
def random_runs(kind):
    """Rows, the id of their run and their keys."""
    rng = random.Random(kind)
    return [
        (case, random_id(rng), rng.choice([list, tuple])(unique_ids(rng, case.n)))
        for case in random_rows(3, ROWS)
    ]


def digest(tokens):
    return hashlib.sha256("\n".join(tokens).encode()).digest()


@functools.cache
def expected_digests(kind):
    """Digests of the reference's tokens, which are the same for each kernel."""
    digests = []
    for case, run_id, keys in random_runs(kind):
        key = reference.nonce_key(case.secret.encode())
        made = [reference.derived_nonce(key, run_id, str(k)) for k in keys]
        digests.append(digest(case.expected(kind, made)))
    return digests


@every_kernel
@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_derived_rows_equal_the_reference(kind):
    expected = expected_digests(kind)
    for i, (case, run_id, keys) in enumerate(random_runs(kind)):
        batch = sign(
            Signer(case.api_key, case.secret),
            kind,
            threads=1 + i % 2,
            **case.given,
            nonce=Derived(
                run_id=run_id,
                row_key=keys,
                issued_at=case.create_time,
            ),
        )
        assert digest(batch.tolist()) == expected[i], f"{sorted(case.columns)}, {case.n}"


@every_kernel
def test_ids_of_every_length_are_derived_right(signer):
    keys = [letter * length for length in range(1, 256) for letter in "ab"]
    random.Random(1).shuffle(keys)
    key = reference.nonce_key(SECRET.encode())
    for length in range(1, 256):
        run = {**RUN, "run_id": "r" * length}
        some = keys if length in (1, 55, 56, 57, 255) else keys[:20]
        batch = signer.sign_rows(SESSION, nonce=Derived(row_key=some, **run))
        assert nonces(batch) == [
            reference.derived_nonce(key, run["run_id"], k) for k in some
        ]


@every_kernel
def test_a_derived_nonce_has_27_digits_and_none_is_like_another(signer):
    found = nonces(signer.sign_rows(SESSION, nonce=Derived(row_key=range(20_000), **RUN)))
    assert len(set(found)) == len(found)
    assert {len(str(nonce)) for nonce in found} == {27}


### Again ###


@every_kernel
def test_signing_again_in_other_batches_gives_equal_tokens(signer):
    names = [f"guest {i}" for i in range(1000)]

    def signed(first, end, **how):
        part = slice(first, end)
        return Signer(KEY, SECRET).sign_rows(
            SESSION,
            connection_data=names[part],
            **how,
            nonce=Derived(row_key=range(1000)[part], **RUN),
        )

    whole = signed(0, 1000).tolist()
    assert signed(0, 1000, multithread=True).tolist() == whole
    parts = [signed(at, at + 7).tolist() for at in range(0, 1000, 7)]
    assert [token for part in parts for token in part] == whole


@every_kernel
def test_derived_tokens_do_not_ask_the_clock_or_chance(signer, monkeypatch):
    def asked(*args):
        raise AssertionError("that is not a function of its arguments")

    monkeypatch.setattr(rows.time, "time", asked)
    first, again = (
        signer.sign_rows(SESSION, nonce=Derived(row_key=["a", "b"], **RUN))
        for _ in range(2)
    )
    assert first == again
    token = decode(first[0])
    assert (token.create_time, token.expire_time) == (NOW, NOW + 86400)


@every_kernel
def test_random_nonces_stay_the_default(signer):
    first, again = (signer.sign_rows([SESSION]) for _ in range(2))
    assert nonces(first) != nonces(again)


@every_kernel
@pytest.mark.parametrize(
    "other", [{"run_id": "another"}, {"row_key": ["b"]}, {"secret": "another"}]
)
def test_another_run_or_row_or_secret_gives_another_nonce(other):
    def signed(secret=SECRET, **changes):
        given = {**RUN, "row_key": ["a"], **changes}
        return nonces(Signer(KEY, secret).sign_rows(SESSION, nonce=Derived(**given)))

    assert signed() == signed()
    assert signed(**other) != signed()


@every_kernel
@pytest.mark.parametrize(
    ("kind", "digest"),
    [
        ("t1", "a209e9923e0c396aa372c00eefa4aa6edd9a29d8c836e29f81a0fb37eb120dee"),
        ("jwt", "ad7f7ed54733f8602a7819803b936903c8124f0deb47352b37db8358b9a0414a"),
    ],
)
def test_derived_tokens_are_the_same_bytes_in_every_minor_version(kind, digest):
    # docs/policy.md promises it. Never change these digests within a major version.
    signer = Signer("40000123", "0123456789abcdef0123456789abcdef01234567")
    batch = signer.sign_rows(
        "1_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYn4",
        role=["publisher", "moderator", "subscriber"],
        connection_data=["", "name=A", "\u00e9\u6f22"],
        expiration=3600,
        initial_layout_class_list=["", "focus", "focus full"],
        kind=kind,
        nonce=Derived(run_id="2026-11-30", row_key=["a", 7, "c"], issued_at=1_700_000_000),
    )
    assert hashlib.sha256("\n".join(batch).encode()).hexdigest() == digest


@every_kernel
def test_where_the_run_ends_and_the_row_begins_makes_a_difference(signer):
    one = signer.sign_rows(SESSION, nonce=Derived(**{**RUN, "run_id": "ab"}, row_key=["c"]))
    other = signer.sign_rows(
        SESSION, nonce=Derived(**{**RUN, "run_id": "a"}, row_key=["bc"])
    )
    assert nonces(one) != nonces(other)


@every_kernel
def test_the_key_of_derived_nonces_signs_nothing_else(signer):
    message = b"\0" * 7 + b"\1" + b"rk"
    key = signer._backend.nonce_key()
    assert key.hmac_sha256(message) != signer._backend.key.hmac_sha256(message)
    assert SECRET not in repr(key)


### Arguments ###


@every_kernel
def test_a_number_is_the_text_of_its_digits(signer):
    as_numbers = signer.sign_rows(SESSION, nonce=Derived(row_key=[7, -7, 2**64 - 1], **RUN))
    as_text = signer.sign_rows(
        SESSION, nonce=Derived(row_key=["7", "-7", str(2**64 - 1)], **RUN)
    )
    assert as_numbers == as_text


@every_kernel
@pytest.mark.parametrize("kind", [pa.int64(), pa.string()])
def test_row_keys_may_be_an_arrow_column(signer, kind):
    column = pa.array([str(i) for i in range(50)]).cast(kind)
    batch = signer.sign_rows(SESSION, nonce=Derived(row_key=column, **RUN))
    assert batch == signer.sign_rows(SESSION, nonce=Derived(row_key=range(50), **RUN))


@every_kernel
@pytest.mark.parametrize("fraction", [0, 999_999])
def test_the_time_of_issue_may_be_a_datetime(signer, fraction):
    zone = timezone(timedelta(hours=9))
    when = datetime.fromtimestamp(NOW, zone).replace(microsecond=fraction)
    batch = signer.sign_rows(
        SESSION, nonce=Derived(row_key=["a"], **{**RUN, "issued_at": when})
    )
    assert batch == signer.sign_rows(SESSION, nonce=Derived(row_key=["a"], **RUN))


class Text(str):
    __slots__ = ()


@every_kernel
def test_text_of_a_class_of_its_own_is_the_same_key(signer):
    batch = signer.sign_rows(SESSION, nonce=Derived(row_key=[Text("a"), "b"], **RUN))
    assert batch == signer.sign_rows(SESSION, nonce=Derived(row_key=["a", "b"], **RUN))


### Refused arguments ###

BAD_KEYS = ["", None, True, 1.5, b"a", "x" * 256, "é" * 128, "\ud800", 2**64, -(2**63) - 1]


@pytest.mark.parametrize("bad", BAD_KEYS, ids=lambda bad: ascii(bad)[:20])
def test_a_row_without_a_key_is_named_or_left_out(signer, bad):
    with pytest.raises(InvalidClaimsError, match="row 1: row_key must") as caught:
        signer.sign_rows(SESSION, nonce=Derived(row_key=["a", bad, "c"], **RUN))
    assert (caught.value.row, caught.value.field) == (1, "row_key")
    batch = signer.sign_rows(
        SESSION, errors="null", nonce=Derived(row_key=["a", bad, "c"], **RUN)
    )
    good = signer.sign_rows(SESSION, nonce=Derived(row_key=["a", "c"], **RUN))
    assert batch.tolist() == [good[0], None, good[1]]
    assert [*batch.failures] == [1]


@every_kernel
@pytest.mark.parametrize("again", ["7", 7, Text("7")])
def test_a_duplicate_key_is_named_or_left_out(signer, again):
    keys = ["a", 7, "c", again, "a"]
    with pytest.raises(InvalidClaimsError, match="row 3: row_key must be unique") as caught:
        signer.sign_rows(SESSION, nonce=Derived(row_key=keys, **RUN))
    assert caught.value.row == 3
    batch = signer.sign_rows(SESSION, errors="null", nonce=Derived(row_key=keys, **RUN))
    good = signer.sign_rows(SESSION, nonce=Derived(row_key=keys[:3], **RUN))
    assert batch.tolist() == [*good, None, None]
    assert [(error.row, error.field) for error in batch.failures.values()] == [
        (3, "row_key"),
        (4, "row_key"),
    ]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"run_id": None}, "run_id"),
        ({"run_id": ""}, "run_id"),
        ({"run_id": 5}, "run_id"),
        ({"run_id": "é" * 128}, "run_id"),
        ({"run_id": "\ud800"}, "run_id"),
        ({"run_id": "a\udfff"}, "run_id"),
        ({"row_key": None}, "row_key"),
        ({"row_key": "a"}, "row_key"),
        ({"row_key": 5}, "row_key"),
        ({"row_key": ["a"]}, "row_key"),
        pytest.param({"row_key": {"a", "b"}}, "row_key", id="set"),
        ({"issued_at": None}, "issued_at"),
        ({"issued_at": True}, "issued_at"),
        ({"issued_at": 1.5e9}, "issued_at"),
        ({"issued_at": -1}, "issued_at"),
        ({"issued_at": 10**11}, "issued_at"),
        ({"issued_at": datetime(2026, 10, 1)}, "issued_at"),
        # It is rounded down, to what is no time.
        ({"issued_at": datetime.fromtimestamp(-0.5, UTC)}, "issued_at"),
    ],
    ids=str,
)
def test_an_argument_that_breaks_a_rule_is_named(signer, given, field):
    with pytest.raises(InvalidInputError) as caught:
        signer.sign_rows(
            [SESSION] * 2, nonce=Derived(**{**RUN, "row_key": ["a", "b"], **given})
        )
    assert caught.value.field == field


@pytest.mark.parametrize("key", [-(2**63), 2**64 - 1])
def test_numbers_of_64_bits_are_keys(key):
    assert check_row_key(key) == str(key)
    with pytest.raises(InvalidClaimsError, match="64 bits"):
        check_row_key(key + (1 if key > 0 else -1))


@every_kernel
@pytest.mark.parametrize("when", [0, 99_999_999_999])
def test_the_first_and_the_last_time_of_issue(signer, when):
    (token,) = signer.sign_rows(
        [SESSION], nonce=Derived(row_key=["a"], **{**RUN, "issued_at": when})
    )
    assert decode(token).create_time == when
    beyond = {**RUN, "issued_at": when + (1 if when else -1)}
    with pytest.raises(InvalidInputError, match="be from 0 to 99999999999 seconds"):
        signer.sign_rows([SESSION], nonce=Derived(row_key=["a"], **beyond))


@every_kernel
@pytest.mark.parametrize("nonce", ["derived", "random", True, {"run_id": "r"}], ids=str)
def test_a_nonce_is_a_derived_or_none(signer, nonce):
    with pytest.raises(
        InvalidInputError, match=r"nonce must be a tokbox\.Derived, or None"
    ):
        signer.sign_rows([SESSION], nonce=nonce)
    assert len(signer.sign_rows([SESSION], nonce=None)) == 1


def test_derived_is_checked_and_made_exact_when_it_is_made():
    when = datetime.fromtimestamp(NOW, UTC)
    run = Derived(run_id=Text("r"), row_key=["a"], issued_at=when)
    assert (type(run.run_id), run.issued_at.timestamp()) == (str, NOW)
    assert run == Derived(run_id="r", row_key=["a"], issued_at=NOW)
    assert pickle.loads(pickle.dumps(run)) == run
    with pytest.raises(TypeError):
        Derived("r", ["a"], NOW)
    with pytest.raises(TypeError, match="row_key"):
        Derived(run_id="r", issued_at=NOW)


def test_a_name_of_a_column_is_for_jobs_only(signer):
    run = Derived(run_id="r", row_key=col("id"), issued_at=NOW)
    with pytest.raises(InvalidInputError, match="only a SigningJob") as caught:
        signer.sign_rows([SESSION], nonce=run)
    assert caught.value.field == "row_key"


@pytest.mark.parametrize("name", ["", None, 5, b"a", col("a")], ids=repr)
def test_a_column_has_a_name_that_is_text(name):
    with pytest.raises(InvalidInputError, match="column must be a name"):
        col(name)
    assert repr(col("a")) == "col('a')"
    assert col(Text("a")) == col("a")
    assert type(col(Text("a")).name) is str
