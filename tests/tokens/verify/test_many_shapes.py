"""Arrays and other collections of tokens, and results that are read in any way."""

from __future__ import annotations

import pickle
import sys
from typing import Any

import pytest

from tests.support.batches import KEY, SECRET, SESSION
from tests.support.corpus import CORPUS, fields, make_raw
from tests.support.kernels import every_kernel
from tests.tokens.verify.test_verify import NOW
from tokbox import _memory, decode, decode_many
from tokbox.errors import InvalidInputError, MalformedTokenError
from tokbox.tokens.signer import Signer
from tokbox.tokens.verification import verify as verify_module

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")

TOKENS = [make_raw(fields(nonce="1" * (i % 7 + 1))) for i in range(50)]
WRONG = [*TOKENS[:3], "T1==", "", "é", TOKENS[3] + "\0x", TOKENS[4]]
GOOD = [True] * 3 + [False] * 4 + [True]


@pytest.fixture
def signer() -> Signer:
    return Signer(KEY, SECRET)


@pytest.mark.parametrize(
    "shape",
    [
        np.array,
        lambda tokens: np.array([*tokens, "x"])[: len(tokens)],
        lambda tokens: np.array([t for token in tokens for t in (token, "x")])[::2],
        lambda tokens: np.array(tokens[::-1])[::-1],
        lambda tokens: np.array(tokens).astype(np.array(tokens).dtype.newbyteorder()),
        lambda tokens: np.array(tokens, dtype=object),
        lambda tokens: np.array(tokens, dtype=np.dtypes.StringDType()),
        pd.Index,
        pd.Series,
        lambda tokens: pd.Index(tokens, dtype=object),
        lambda tokens: pd.Index(tokens, dtype="string[python]"),
    ],
    ids=[
        "numpy", "slice", "every other", "reversed", "byte order", "objects", "StringDType",
        "Index", "Series", "Index of objects", "Index of strings",
    ],
)  # fmt: skip
@pytest.mark.parametrize("multithread", [False, True])
def test_an_array_is_verified_and_read_like_a_list(signer, shape, multithread):
    for tokens, good in ((TOKENS, [True] * 50), (WRONG, GOOD)):
        column = shape(tokens)
        found = signer.verify_many(column, now=NOW, multithread=multithread)
        assert list(found) == good
        wanted = signer.verify_many(tokens, now=NOW).failures
        assert {row: str(e) for row, e in found.failures.items()} == {
            row: str(e) for row, e in wanted.items()
        }
        assert decode_many(column, multithread=multithread) == decode_many(tokens)


def test_an_array_of_text_is_copied_by_the_core(signer, monkeypatch):
    monkeypatch.delattr(verify_module, "copy_list")
    monkeypatch.delattr(verify_module, "verify_slow_path")
    assert signer.verify_many(np.array(TOKENS), now=NOW).ok
    assert signer.verify_many(pd.Index(TOKENS), now=NOW).ok


def test_only_ascii_in_one_dimension_and_native_order_is_copied():
    texts = _memory.ascii_texts
    assert list(texts(np.array(["ab", "", "c"]))) == ["ab", "", "c"]
    assert list(texts(np.array(["a", "b", "c"])[::-2])) == ["c", "a"]
    assert list(texts(np.zeros(2, "U0"))) == ["", ""]
    assert list(texts(np.zeros(0, "U5"))) == []
    assert texts(np.array(["a", "é"])) is None
    assert texts(np.array([["a"]])) is None
    assert (
        texts(np.array(["a"]).astype(">U1" if sys.byteorder == "little" else "<U1")) is None
    )
    with pytest.raises((TypeError, BufferError)):
        texts(5)


def test_an_array_of_two_dimensions_is_not_a_column_of_tokens(signer):
    assert not any(signer.verify_many(np.array([TOKENS[:1], TOKENS[:1]]), now=NOW))


def test_an_index_is_read_without_pyarrow(signer):
    class Array:
        def __arrow_array__(self) -> Any:
            raise ImportError("no pyarrow")

    class Index(list[str]):
        array = Array()

    assert list(signer.verify_many(Index(WRONG), now=NOW)) == GOOD


### Results ###


@every_kernel
def test_all_that_decode_reads_is_read_among_many():
    """The core finds first which tokens can be read, and claims are read later."""
    many = decode_many(CORPUS)
    for row, token in enumerate(CORPUS):
        if row in many.failures:
            assert many.failures[row] is many[row]
            with pytest.raises(MalformedTokenError) as caught:
                decode(token)
            assert str(many[row]) == str(caught.value)
        else:
            assert many[row] == decode(token)


@every_kernel
def test_usual_tokens_are_decoded_on_access(signer, monkeypatch):
    tokens = [
        TOKENS[0],
        signer.session(SESSION).token(kind="jwt"),
        Signer("12345678", SECRET).session("1_MX4xMjM0NTY3OH5-MTcwMDAwMDAwMDEyM35hYmNkfn4").token(),
    ]  # fmt: skip
    with monkeypatch.context() as patch:
        patch.delattr(verify_module, "_decode")
        many = decode_many(tokens)
        assert many.ok
    assert [many[0], many[-1]] == [decode(tokens[0]), decode(tokens[2])]
    assert many[1:] == [decode(token) for token in tokens[1:]]
    assert [*reversed(many)] == [decode(token) for token in tokens[::-1]]


def test_a_pickle_of_decoded_tokens_contains_no_token_text():
    many = decode_many(WRONG)
    pickled = pickle.dumps(many)
    assert TOKENS[0].encode() not in pickled
    copy = pickle.loads(pickled)
    assert list(map(str, copy)) == list(map(str, many))
    assert copy == many
    assert [*copy.failures] == [*many.failures]
    assert copy[0] == decode(WRONG[0])


def test_memory_that_changes_afterwards_is_an_error_and_no_exception():
    pa = pytest.importorskip("pyarrow")
    token = TOKENS[0].encode()
    data = bytearray(token)
    offsets = pa.py_buffer(np.array([0, len(token)], dtype=np.int32).tobytes())
    array = pa.Array.from_buffers(pa.string(), 1, [None, offsets, pa.py_buffer(data)])
    many = decode_many(array)
    assert many[0] == decode(TOKENS[0])
    data[:4] = b"T2=="
    assert isinstance(many[0], MalformedTokenError)
    assert pa.table(many)["reason"].to_pylist() == ["malformed"]


@pytest.mark.parametrize("multithread", [1, None, "publisher"])
def test_decode_many_requires_a_bool(multithread):
    with pytest.raises(InvalidInputError, match="multithread"):
        decode_many([], multithread=multithread)
