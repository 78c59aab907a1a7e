"""JSON of unknown origin: whatever two parsers could read differently is refused."""

from __future__ import annotations

import pytest

from tokbox.tokens.strict_json import read_object


@pytest.mark.parametrize("raw", ['{"a": {"b": [1, null]}, "é": ""}', b'{"a":1e3}', "{}"])
def test_an_object_is_read_as_text_and_as_utf_8(raw):
    assert isinstance(read_object(raw), dict)


def test_names_may_be_repeated_in_another_object():
    assert read_object('{"a": {"a": 1}, "b": {"a": 2}}') == {"a": {"a": 1}, "b": {"a": 2}}


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ('{"canary": NaN}', "holds NaN, which is not JSON"),
        ('{"canary": [-Infinity]}', "holds -Infinity, which is not JSON"),
        ('{"canary": 1, "canary": 1}', "says the same name twice"),
        ('[{"canary": 1, "\\u0063anary": 2}]', "says the same name twice"),
        (b'{"canary": "\xff"}', "not UTF-8"),
        ('{"canary": ', "not JSON"),
        ("", "not JSON"),
        ('["canary"]', "not a JSON object"),
        ("null", "not a JSON object"),
        ('{"canary":' * 100_000, "nested too deeply"),
    ],
)
def test_json_that_is_not_a_plain_object_is_refused_without_being_quoted(raw, problem):
    with pytest.raises(ValueError, match=problem) as caught:
        read_object(raw)
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
