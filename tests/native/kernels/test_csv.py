"""Records of CSV, and lines, without Python, in every variant: what is read stays within its
memory."""

from __future__ import annotations

import csv
import io
import json
import random

from tests.native.kernels.variants import hexed

#: Texts, before a variant's share is taken.
TEXTS = 4_000


def random_csv(chance: random.Random) -> bytes:
    """All elements of CSV, in random order."""
    return bytes(chance.choices(b'aa,,"""\n\r ', k=chance.randrange(40)))


def fields(text: bytes) -> list[list[str]]:
    rows = csv.reader(io.StringIO(text.decode(), newline=""))
    return [[hexed(field.encode()) for field in row] for row in rows if row]


def test_records_are_those_of_the_standard_library(harness):
    chance = random.Random(7)
    texts = [random_csv(chance) for _ in range(TEXTS // harness.variant.share)]
    answers = harness.ask(f"csv {hexed(text)} 1 2 {hexed(b'T==')}" for text in texts)
    for text, answer in zip(texts, answers, strict=True):
        end, records, _ = answer.split(";")
        found = [record.split(".") for record in records.split(",")] if records else []
        expected = fields(text)
        if found and found[-1] == ["!"]:
            del found[-1], expected[-1]
        assert found == expected, text
        assert not text[int(end) :].strip(b"\r\n")


def test_records_of_the_right_width_get_a_field_more(harness):
    text = b'a,b\r\n1\n"x\n""",2\n,'
    (answer,) = harness.ask([f"csv {hexed(text)} 1 2 {hexed(b'T==')}"])
    signed = b'a,b,T==\r\n"x\n""",2,T==\n,,T=='
    assert answer.split(";")[2] == hexed(signed)


def test_records_that_are_not_whole_wait(harness):
    texts = [b"a,b\nc", b'a\n"', b"a\r", b""]
    answers = harness.ask(f"csv {hexed(text)} 0 1 {hexed(b'T')}" for text in texts)
    assert [answer.split(";")[0] for answer in answers] == ["4", "2", "0", "0"]


def test_no_place_of_a_text_is_missed(harness):
    chance = random.Random(9)
    cases = [
        (bytes(chance.choices(b"ab", k=chance.choice([0, 3, 30, 600]))), text)
        for _ in range(TEXTS // harness.variant.share // 8)
        for text in (b"ab", b"aba", b"abbab", b"aa" * 300)
    ]
    answers = harness.ask(f"most-often {hexed(data)} {hexed(text)}" for data, text in cases)
    for (data, text), answer in zip(cases, answers, strict=True):
        ends = [
            data[i : i + 2] + data[i + len(text) - 2 : i + len(text)]
            for i in range(len(data) - len(text) + 1)
        ]
        assert int(answer) == ends.count(text[:2] + text[-2:])
        assert int(answer) >= data.count(text)


def test_lines_are_those_of_python(harness):
    chance = random.Random(8)
    share = range(TEXTS // harness.variant.share)
    texts = [bytes(chance.choices(b"a{}\n\r\t ", k=chance.randrange(40))) for _ in share]
    answers = harness.ask(f"lines {hexed(text)} {hexed(b'T')}" for text in texts)
    for text, answer in zip(texts, answers, strict=True):
        lines = [hexed(line.strip()) for line in text.split(b"\n") if line.strip()]
        assert answer.partition(";")[0] == ",".join(lines), text


def test_objects_get_a_member_more(harness):
    lines = [
        b"{}",
        b' { "a" : {} } \r',
        b"{ \t}",
        b'{"a":"}"}',
        b"[]",
        b" ",
        b'{"b":1}',
    ]
    text = b"\n".join(lines)
    (answer,) = harness.ask([f"lines {hexed(text)} {hexed(b'T==')}"])
    signed = bytes.fromhex(answer.partition(";")[2]).split(b"\n")
    assert signed[0] == b'{"t":"T=="}'
    assert signed[1] == b' { "a" : {},"t":"T==" } \r'
    assert [json.loads(line) for line in signed] == [
        {"t": "T=="},
        {"a": {}, "t": "T=="},
        {"t": "T=="},
        {"a": "}", "t": "T=="},
        {"b": 1, "t": "T=="},
    ]
