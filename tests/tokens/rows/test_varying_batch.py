"""A batch of tokens of many lengths, some of them missing: like a list, in one buffer."""

from __future__ import annotations

import itertools

import pytest

from tests.support.batches import KEY, SECRET, SESSION, sign
from tests.support.kernels import every_kernel
from tokbox.errors import InvalidClaimsError
from tokbox.tokens.signer import Signer


@pytest.fixture
def signer():
    return Signer(KEY, SECRET)


@pytest.fixture(params=["all rows", "some rows"])
def varying(request, signer):
    """A batch of tokens of many lengths, and the list that it should be like."""
    data = ["é" * (i * 37 % 101) for i in range(100)]
    tokens: list[str | None] = list(sign(signer, connection_data=data))
    if request.param == "all rows":
        return sign(signer, connection_data=data), tokens
    for row in (0, 1, 17, 50, 51, 99):
        data[row], tokens[row] = "\0", None
    return sign(signer, errors="null", connection_data=data), tokens


CUTS = [
    slice(None), slice(2, 5), slice(0, 1), slice(None, None, -1), slice(80, 10, -3), slice(1, None, 7),
    slice(50, 52), slice(300, 400), slice(0, 0), slice(-1, None), slice(-10, 3, -2), slice(99, 98), slice(3, 4, 2),
]  # fmt: skip


@pytest.mark.parametrize("cut", CUTS, ids=str)
def test_a_varying_batch_is_like_a_list(varying, cut):
    batch, tokens = varying
    part, expected = batch[cut], tokens[cut]
    for again in CUTS:
        assert list(part[again]) == expected[again]
    assert len(part) == len(expected)
    assert list(part) == part.tolist() == expected
    assert list(reversed(part)) == expected[::-1]
    assert [part[i] for i in range(-len(part), len(part))] == expected * 2
    for i in (len(part), -len(part) - 1, 10**30):
        with pytest.raises(IndexError):
            part[i]


@pytest.mark.parametrize("cut", CUTS, ids=str)
def test_the_memory_of_a_varying_batch_can_be_read_by_its_offsets(varying, cut):
    batch, tokens = (whole[cut] for whole in varying)
    texts = [token or "" for token in tokens]
    data, offsets = batch.data, list(batch.offsets)
    assert data.readonly
    assert bytes(data) == "".join(texts).encode()
    assert batch.nbytes == len(data) == offsets[-1]
    assert offsets[0] == 0
    assert [
        str(data[start:end], "ascii") for start, end in itertools.pairwise(offsets)
    ] == texts


def test_offsets_of_a_whole_batch_are_64_bit_integers_that_cannot_be_changed(varying):
    offsets = varying[0].offsets
    assert isinstance(offsets, memoryview)
    assert (offsets.format, offsets.itemsize, offsets.readonly) == ("q", 8, True)


def test_a_varying_batch_is_written_one_token_a_line(varying, tmp_path):
    batch, tokens = varying
    for cut in CUTS:
        lines = "".join(f"{token or ''}\n" for token in tokens[cut])
        assert batch[cut].write(tmp_path / "a") == len(lines)
        assert (tmp_path / "a").read_text() == lines
    with open(tmp_path / "b", "w") as text, open(tmp_path / "c", "wb", buffering=0) as raw:
        batch.write(text)
        batch.write(raw)
    expected = "".join(f"{token or ''}\n" for token in tokens)
    assert (tmp_path / "b").read_text() == (tmp_path / "c").read_text() == expected


@every_kernel
def test_a_varying_batch_of_many_thousand_is_written_whole(signer, tmp_path):
    batch = signer.sign_rows(
        [SESSION] * 20_001, errors="null", expiration=[0, 60, -1] * 6667
    )
    batch.write(tmp_path / "a")
    assert (tmp_path / "a").read_text().split("\n") == [*(t or "" for t in batch), ""]


def test_varying_batches_are_compared_by_their_tokens(varying):
    batch, tokens = varying
    assert batch == batch[:]
    assert batch == batch[::-1][::-1]
    assert batch != batch[::-1]
    assert batch != batch[1:]
    assert batch != tokens
    assert batch.token_length is None
    assert batch.index(tokens[30]) == 30
    assert tokens[60] in batch
    assert tokens[30] not in repr(batch)


@every_kernel
def test_a_slice_reports_the_errors_of_its_rows_only(signer):
    batch = signer.sign_rows([SESSION, "", SESSION, "1_", SESSION], errors="null")
    assert [*batch.failures] == [1, 3]
    assert [*batch[2:].failures] == [3]
    assert [*batch[::-1].failures] == [1, 3]
    assert batch[::2].failures == batch[4:].failures == {}
    for part in (batch, batch[2:], batch[::-1], batch[3:][::-1]):
        assert {row: error.row for row, error in part.failures.items()} == {
            row: row for row in part.failures
        }


@every_kernel
def test_failures_cannot_be_changed_and_the_first_can_be_raised(signer):
    batch = signer.sign_rows([SESSION, "", SESSION, "1_", SESSION], errors="null")
    with pytest.raises(TypeError, match="read-only"):
        batch.failures[0] = batch.failures[1]
    with pytest.raises(AttributeError):
        batch.failures = {}
    with pytest.raises(InvalidClaimsError) as caught:
        batch.raise_first()
    assert caught.value is batch.failures[1]
    with pytest.raises(InvalidClaimsError, match=r"^row 3: session_id must"):
        batch[2:].raise_first()
    assert batch[4:].raise_first() is None
    assert signer.session(SESSION).token_batch(2).failures == {}
