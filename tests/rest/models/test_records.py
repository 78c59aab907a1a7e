"""Records: what a field makes of the service's words, and what it keeps."""

from __future__ import annotations

import json
import pickle
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import pytest

from tokbox.response_enums import HlsStatus
from tokbox.rest.models.base import (
    Entity,
    Record,
    enum_field,
    int_field,
    nested_field,
    nested_list_field,
    str_field,
    str_list_field,
)
from tokbox.types import Archive


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner(Record):
    key: str = str_field(secret=True)
    size: int | None = int_field()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer(Entity):
    id: str = str_field("outerId", "id")
    hls_status: HlsStatus | str = enum_field(HlsStatus)
    tags: tuple[str, ...] = str_list_field("tagList")
    one: Inner | None = nested_field(Inner)
    always: Inner = nested_field(Inner, always=True)
    many: tuple[Inner, ...] = nested_list_field(Inner, key="key")


@pytest.mark.trap(62)
@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (True, True),
        ("true", True),
        ("True", True),
        (False, False),
        ("false", False),
        ("FALSE", False),
        (None, None),
    ],
)
def test_a_boolean_may_be_written_as_text(sent: object, read: bool | None) -> None:
    archive = Archive.from_json({"hasAudio": sent})
    assert archive.has_audio is read
    assert archive.unknown == {}


@pytest.mark.parametrize("sent", ["yes", "", "1", 1, 0, [], {}])
def test_a_value_that_is_not_a_boolean_is_unknown(sent: object) -> None:
    archive = Archive.from_json({"hasAudio": sent})
    assert archive.has_audio is None
    assert archive.unknown == {"hasAudio": sent}


def test_a_field_is_read_by_its_own_name_in_camel_case() -> None:
    assert Outer.from_json({"hlsStatus": "live"}).hls_status == "live"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"outerId": "a"}, "a"),
        ({"id": "b"}, "b"),
        ({"id": "b", "outerId": "a"}, "a"),
        ({"id": 5}, "5"),
        ({}, ""),
    ],
)
def test_the_first_of_several_names_that_is_there_counts(
    source: dict[str, Any], expected: str
) -> None:
    assert Outer.from_json(source).id == expected


def test_a_word_that_is_known_is_a_member_of_its_enum() -> None:
    status = Outer.from_json({"hlsStatus": "ready"}).hls_status
    assert status is HlsStatus.READY
    assert status == "ready"
    assert f"{status}" == "ready"


def test_a_word_that_is_new_is_the_word() -> None:
    status = Outer.from_json({"hlsStatus": "levitating"}).hls_status
    assert status == "levitating"
    assert not isinstance(status, Enum)


@pytest.mark.parametrize("value", [["a"], {"a": 1}, True, 1.5])
def test_an_enum_value_that_is_not_text_is_kept_as_unknown(value: object) -> None:
    outer = Outer.from_json({"hlsStatus": value})
    assert outer.hls_status == ""
    assert dict(outer.unknown) == {"hlsStatus": value}


@pytest.mark.parametrize("value", [["a", 1], "a", {"a": 1}])
def test_texts_are_taken_all_or_not_at_all(value: object) -> None:
    assert Outer.from_json({"tagList": ["a", "b"]}).tags == ("a", "b")
    outer = Outer.from_json({"tagList": value})
    assert outer.tags == ()
    assert dict(outer.unknown) == {"tagList": value}


@pytest.mark.parametrize("source", [{}, {"one": None, "always": None, "many": None}])
def test_absent_and_null_fields_are_empty(source: dict[str, Any]) -> None:
    outer = Outer.from_json(source)
    assert outer == Outer()
    assert outer.one is None
    assert outer.always == Inner()
    assert outer.many == ()
    assert dict(outer.unknown) == {}


def test_parts_are_records_themselves() -> None:
    outer = Outer.from_json({"one": {"size": 1, "x": 2}, "always": {"size": "3"}})
    assert outer.one is not None
    assert (outer.one.size, dict(outer.one.unknown)) == (1, {"x": 2})
    assert outer.always.size == 3


@pytest.mark.parametrize(
    "many", [[{"key": "a", "size": 1}], {"a": {"size": 1}}, {"b": {"key": "a", "size": 1}}]
)
def test_records_come_in_an_array_or_in_an_object_by_their_key(many: object) -> None:
    assert Outer.from_json({"many": many}).many == (Inner(key="a", size=1),)


@pytest.mark.parametrize("many", [{"a": 1}, [1], "a"])
def test_a_field_without_records_is_kept_as_unknown(many: object) -> None:
    outer = Outer.from_json({"many": many})
    assert outer.many == ()
    assert dict(outer.unknown) == {"many": many}


def test_times_are_dates_in_utc() -> None:
    outer = Outer.from_json({"createdAt": 1700000200123, "updatedAt": "1700000200000"})
    assert outer.created_at == datetime(2023, 11, 14, 22, 16, 40, 123000, UTC)
    assert outer.updated_at == datetime(2023, 11, 14, 22, 16, 40, 0, UTC)
    assert outer.created_at.tzinfo is UTC


@pytest.mark.parametrize("value", [None, 10**30, -(10**30)])
def test_a_time_outside_the_calendar_is_not_a_date(value: int | None) -> None:
    assert Outer(created_ms=value).created_at is None


def test_secrets_and_unknown_fields_are_not_in_the_repr() -> None:
    outer = Outer.from_json({"one": {"key": "canary"}, "newSecret": "canary"})
    assert "canary" not in repr(outer)


def test_unknown_fields_are_a_mapping() -> None:
    unknown = Outer.from_json({"new": 1, "newer": 2}).unknown
    assert (len(unknown), [*unknown]) == (2, ["new", "newer"])
    assert dict(unknown) == {"new": 1, "newer": 2}
    assert repr(unknown) == "{'new': 1, 'newer': 2}"


def test_a_record_turns_into_plain_json_with_the_unknown_at_the_end() -> None:
    source = {"id": "a", "hlsStatus": "live", "many": [{"key": "k"}], "new": {"x": [1]}}
    data = Outer.from_json(source).to_dict()
    assert [*data][-1] == "unknown"
    assert type(data["hls_status"]) is str
    assert json.loads(json.dumps(data)) == {
        "id": "a",
        "created_ms": None,
        "updated_ms": None,
        "hls_status": "live",
        "tags": [],
        "one": None,
        "always": {"key": "", "size": None, "unknown": {}},
        "many": [{"key": "k", "size": None, "unknown": {}}],
        "unknown": {"new": {"x": [1]}},
    }


def test_a_record_without_secrets_can_be_left_in_a_log() -> None:
    source = {"id": "a", "one": {"key": "canary", "size": 1}, "new": "canary"}
    data = Outer.from_json(source).to_dict(secrets=False)
    assert "canary" not in json.dumps(data)
    assert (data["id"], data["one"]) == ("a", {"size": 1})


def test_a_record_is_a_value() -> None:
    outer = Outer.from_json({"hlsStatus": "live", "tagList": ["a"], "new": [1]})
    assert pickle.loads(pickle.dumps(outer)) == outer
    assert hash(outer) == hash(Outer.from_json({"hlsStatus": "live", "tagList": ["a"]}))
    with pytest.raises(AttributeError):
        outer.id = "x"  # type: ignore[misc]
