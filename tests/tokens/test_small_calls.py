"""Small calls, which keep the GIL, and claims that are read without Python's rules."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from tests.support.applications import APPLICATION, key_pair
from tests.support.applications import SESSION as APPLICATION_SESSION
from tests.support.batches import KEY, NOW, SECRET, SESSION, random_session_id, sign
from tests.support.kernels import every_kernel
from tokbox import Derived, _fastsign, decode
from tokbox.errors import ClosedError, InvalidClaimsError
from tokbox.tokens import claims
from tokbox.tokens.signer import Signer


@pytest.fixture
def signer() -> Signer:
    return Signer(KEY, SECRET)


class Text(str):
    """A subclass of str that lies about itself."""

    __slots__ = ()

    def __str__(self) -> str:
        return "other"

    def encode(self, *args: Any) -> bytes:
        return b"other"


@every_kernel
@pytest.mark.parametrize("kind", ["t1", "jwt"])
@pytest.mark.parametrize("n", [0, 1, 255, 256, 257, 1025])
def test_small_and_large_batches_are_alike(signer: Signer, n: int, kind: Any) -> None:
    session = signer.session(SESSION)
    for tokens in (
        session.tokens(n, connection_data="é", kind=kind),
        session.token_batch(n, connection_data="é", kind=kind).tolist(),
    ):
        assert len(set(tokens)) == n
        assert signer.verify_many(tokens).ok
        nonces = [int(decode(token).nonce) for token in tokens]
        assert nonces == list(range(nonces[0], nonces[0] + n)) if n else not nonces


@every_kernel
@pytest.mark.parametrize("kind", ["t1", "jwt"])
@pytest.mark.parametrize("classes", [(), ["a", "b"], ("x" * 1000,), "a b", None])
@pytest.mark.parametrize("data", ["", "a&b", "é\U0001f600", None, "x" * 1000])
def test_a_batch_of_one_is_what_token_signs(
    signer: Signer, data: Any, classes: Any, kind: Any
) -> None:
    head, first, is_jwt = signer.session(SESSION)._prefix(kind)
    values = (3600, None, "moderator", data, classes)
    arguments = (values, claims.check_claim, is_jwt, bytes(24))
    key: Any = signer._backend.key
    while True:
        one, batch = key.token(head, first, *arguments), key.plan(head, first, *arguments)
        (token,) = batch.strings(1)
        if decode(one).create_time == decode(token).create_time:  # of one second
            break
    assert one == token


@every_kernel
@pytest.mark.parametrize("kind", ["t1", "jwt"])
@pytest.mark.parametrize(
    "columns",
    [
        {"session_id": [SESSION] * 16},
        {"role": ["moderator", "subscriber"] * 8, "expiration": [0, 60.0] * 8},
        {"connection_data": ("a", "é", None, "\U0001f600") * 4},
        {"initial_layout_class_list": ["a b", "", None, "c"] * 4},
        {
            "session_id": [SESSION],
            "expiration": [timedelta(hours=1)],
            "role": ["publisher"],
        },
        {"connection_data": ["x" * 1000] * 128, "expiration": timedelta(days=1)},
        {"connection_data": ["\U0001f600" * 1000] * 17},  # more text than few rows have
        {"connection_data": ["x"] * 129},
    ],
    ids=lambda columns: f"{columns!s:.60}",
)
def test_few_rows_are_signed_as_many_are(
    signer: Signer, columns: dict[str, Any], kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = sign(signer, kind, **columns)
    monkeypatch.setattr(Signer, "_few_rows", lambda *arguments: None)
    assert sign(signer, kind, **columns).tolist() == few.tolist()


def test_few_rows_with_long_shared_claims_are_signed(signer: Signer) -> None:
    shared = {"connection_data": "\U0001f600" * 1000, "initial_layout_class_list": "x"}
    (token,) = sign(signer, role=["moderator"], **shared)
    assert decode(token).connection_data == shared["connection_data"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": ["publisher", "guest"]},
        {"role": ["publisher"] * 2, "connection_data": "\0"},
        {"connection_data": ["a", "\ud800"]},
        {"connection_data": ["a", "x" * 1001]},
        {"connection_data": ["a", "é" * 1001]},
        {"initial_layout_class_list": ["a", "b  c"]},
        {"expiration": [1, 2592001]},
        {"session_id": [SESSION, SESSION + "A"]},
        {"session_id": [SESSION, 1]},
    ],
    ids=ascii,
)
def test_an_invalid_value_in_few_rows_is_reported_with_its_row(
    signer: Signer, wrong: dict[str, Any]
) -> None:
    with pytest.raises(InvalidClaimsError) as caught:
        signer.sign_rows(**{"session_id": SESSION, **wrong})
    (field,) = set(wrong) - ({"role"} if len(wrong) > 1 else set())
    assert caught.value.field == field
    assert caught.value.row == (None if len(wrong) > 1 else 1)


def test_columns_of_different_lengths_are_refused_in_few_rows_too(signer: Signer) -> None:
    with pytest.raises(ValueError, match="as many rows"):
        signer.sign_rows([SESSION] * 2, connection_data=["a"])


@pytest.mark.parametrize(
    ("names", "joined"),
    [
        (["a", "b"], "a b"),
        (("x" * 499, "y" * 500), "x" * 499 + " " + "y" * 500),
        (["é", "b"], "é b"),
        ((Text("a"), "b"), "a b"),
        (iter(["a", "b"]), "a b"),
        ("a b", "a b"),
        ([], ""),
    ],
    ids=["list", "1000 characters", "not ASCII", "subclass", "iterator", "text", "none"],
)
def test_layout_classes_are_joined_by_spaces(
    signer: Signer, names: Any, joined: str
) -> None:
    column = [names] if isinstance(names, list | tuple | str) else None
    token = signer.session(SESSION).token(initial_layout_class_list=names)
    assert " ".join(decode(token).initial_layout_class_list) == joined
    if column:
        for rows in (1, 20):
            tokens = signer.sign_rows(SESSION, initial_layout_class_list=column * rows)
            found = {decode(token).initial_layout_class_list for token in tokens}
            assert {" ".join(each) for each in found} == {joined}


@pytest.mark.parametrize(
    "names",
    [[""], ["a", ""], ["a b"], ["a\t"], ["a", "x" * 1000], ["\x7f", "\0"], [1], ["\ud800"], [None]],
    ids=ascii,
)  # fmt: skip
@pytest.mark.parametrize("rows", [1, 20])
def test_names_that_break_a_rule_are_refused_in_any_form(
    signer: Signer, names: list[Any], rows: int
) -> None:
    for wrong in (names, tuple(names)):
        with pytest.raises(InvalidClaimsError):
            signer.session(SESSION).token(initial_layout_class_list=wrong)
        with pytest.raises(InvalidClaimsError):
            signer.sign_rows(SESSION, initial_layout_class_list=[wrong] * rows)


@pytest.mark.parametrize("rows", [1, 20])
def test_the_characters_of_a_subclass_of_str_are_signed(signer: Signer, rows: int) -> None:
    token = signer.session(SESSION).token(connection_data=Text("själv"))
    tokens = signer.sign_rows(SESSION, connection_data=[Text("själv")] * rows)
    assert {decode(each).connection_data for each in [token, *tokens]} == {"själv"}


@pytest.mark.parametrize("multithread", [False, True])
def test_columns_of_any_text_are_checked_by_threads(
    signer: Signer, multithread: bool
) -> None:
    n = 40_000
    data: list[Any] = [f"plain {i}" for i in range(n)]
    data[1::7] = ["é" * (i % 50) for i in range(len(data[1::7]))]
    data[2::7] = [None] * len(data[2::7])
    sessions = [SESSION] * n
    wrong = {5: "\0", 4099: "\ud800", 20_000: "x" * 1001, n - 1: 1}
    for row, value in wrong.items():
        data[row] = value
    sessions[6] = "1_MX4x"
    sessions[30_000] = random_session_id(random.Random(1), "12345")
    batch = signer.sign_rows(
        sessions, connection_data=data, errors="null", multithread=multithread
    )
    assert list(batch.failures) == sorted([*wrong, 6, 30_000])
    for row in (0, 1, 2, 8, 4098, 29_999):
        token = batch[row]
        assert token is not None
        assert decode(token).connection_data == (data[row] or "")


def test_keys_of_64_bits_are_what_their_digits_are(signer: Signer) -> None:
    keys: list[Any] = [0, -1, 2**63 - 1, 2**63, 2**64 - 1, -(2**63)]
    by_number, by_text = (
        sign(signer, nonce=Derived(run_id="r", row_key=column, issued_at=NOW))
        for column in (keys, [str(key) for key in keys])
    )
    assert by_number.tolist() == by_text.tolist()
    for key in (2**64, -(2**63) - 1):
        with pytest.raises(InvalidClaimsError):
            sign(signer, nonce=Derived(run_id="r", row_key=[key], issued_at=NOW))


@every_kernel
def test_the_core_accepts_no_session_id_that_the_rules_refuse() -> None:
    rng = random.Random(3)
    alphabet = "ABCabc019-_+/=~ é"
    for _ in range(3000):
        text = random_session_id(rng, KEY)
        assert _fastsign.session_owner(text) == KEY
        place = rng.randrange(len(text))
        wrong = text[:place] + rng.choice(alphabet) + text[place + rng.randrange(3) :]
        if (owner := _fastsign.session_owner(wrong)) is not None:
            assert claims.check_session_id(wrong).project_id == owner
    assert _fastsign.session_owner("\ud800") is None


@pytest.mark.parametrize("text", ["", "é", "\ud7ff\ue000", "\U0001f600" * 9])
def test_lone_surrogates_are_found_in_text_of_any_width(text: str) -> None:
    assert not _fastsign.has_surrogate(text)
    for surrogate in ("\ud800", "\udfff"):
        assert _fastsign.has_surrogate(text + surrogate)
        assert _fastsign.has_surrogate(surrogate + text)


def test_other_kinds_are_prepared_on_first_use(signer: Signer) -> None:
    session = signer.session(SESSION)
    assert list(session._prefixes) == [None]
    for _ in range(2):
        assert decode(session.token(kind="jwt")).kind == "jwt"
        assert decode(session.token(kind="t1")).kind == "t1"
    application = Signer.from_private_key(APPLICATION, key_pair())
    assert decode(application.session(APPLICATION_SESSION).token(kind="jwt")).kind == "jwt"
    signer.close()
    with pytest.raises(ClosedError):
        session.tokens(1)
    with pytest.raises(ClosedError):
        signer.sign_rows([SESSION])
