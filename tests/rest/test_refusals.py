"""Arguments that once caused an error of Python itself, and get a named error now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import tokbox
from tests.rest.test_hostile_arguments import API, Nobody
from tests.support.batches import KEY, SECRET, SESSION
from tokbox.errors import InvalidInputError

SIGNER = tokbox.Signer(KEY, SECRET)
SESSION_SIGNER = SIGNER.session(SESSION)
PATH = "/v2/project/{project}/x"


def ask(**given: Any) -> None:
    """Make a call of any kind, which must not leave."""
    pool = Nobody()
    try:
        tokbox.Tokbox(KEY, SECRET, API, http=pool).request("POST", PATH, **given)
    finally:
        assert not pool.asked


@pytest.mark.parametrize(
    ("field", "call"),
    [
        ("tokens", lambda: tokbox.decode_many(5)),  # type: ignore[arg-type]
        ("tokens", lambda: SIGNER.verify_many(None)),  # type: ignore[arg-type]
        ("now", lambda: SIGNER.verify_many([], now="")),  # type: ignore[arg-type]
        ("now", lambda: SIGNER.verify_many([], now=float("nan"))),
        ("now", lambda: SIGNER.verify(SESSION_SIGNER.token(), now=float("inf"))),
        ("now", lambda: SIGNER.verify(SESSION_SIGNER.token(), now=True)),
        ("session_id", lambda: SIGNER.verify_many([], session_id=[])),  # type: ignore[arg-type]
        ("session_id", lambda: SIGNER.verify(SESSION_SIGNER.token(), session_id=b"")),  # type: ignore[arg-type]
        ("memory_pool", lambda: SESSION_SIGNER.token_batch(1, memory_pool=[])),  # type: ignore[arg-type]
        ("memory_pool", lambda: SIGNER.sign_rows([SESSION], memory_pool=[])),  # type: ignore[call-overload]
        ("environ", lambda: tokbox.Tokbox.from_env([])),  # type: ignore[arg-type]
        ("json", lambda: ask(json=object())),
        ("json", lambda: ask(json=float("nan"))),
        ("headers", lambda: ask(headers=["a"])),
        ("params", lambda: ask(params={"a": None})),
        ("params", lambda: ask(params={"a": 10**5000})),
        ("form", lambda: ask(form={"a": 1})),
        ("form", lambda: ask(form={"a": "\ud800"})),
        ("form", lambda: ask(form="a=1")),
    ],
)
def test_it_is_refused_by_the_name_of_the_argument(
    field: str, call: Callable[[], object]
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        call()
    assert refused.value.field == field
