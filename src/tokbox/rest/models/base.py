"""Response models: frozen dataclasses whose fields define how they are parsed.

Each field is defined once, with its parser and its name in JSON. The default name is the
field's name in camel case::

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Stream(Entity):
        video_type: VideoType | str = enum_field(VideoType)
        layout_classes: tuple[str, ...] = str_list_field("layoutClassList")

Missing text is ``""``, a missing number or boolean ``None``, a missing array ``()``. A
known enum value is a member of its enum, which equals its string. An unknown enum value
is a plain string.

Times are integers as the service sends them, in fields that end in ``_ms``; properties
that end in ``_at`` are the same times as UTC datetimes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

from tokbox.pickling import PickledByName
from tokbox.readonly import ReadOnlyDict
from tokbox.rest.models.json_fields import JSONFields
from tokbox.secrecy import safe_repr, strip_traceback
from tokbox.times import from_milliseconds

if TYPE_CHECKING:
    from typing import Self

__all__ = [
    "Entity",
    "Record",
    "SessionEntity",
    "bool_field",
    "enum_field",
    "int_field",
    "nested_field",
    "nested_list_field",
    "project_field",
    "str_field",
    "str_list_field",
]

#: Takes a property by its name and parses it.
_Read = Callable[[JSONFields, str], Any]


def str_field(*names: str, secret: bool = False) -> Any:
    """Define a string field. A *secret* field is not in the repr."""
    return _field(JSONFields.take_str, names, secret=secret, default="")


def int_field(*names: str) -> Any:
    """Define an integer field."""
    return _field(JSONFields.take_int, names, default=None)


def bool_field(*names: str) -> Any:
    """Define a boolean field."""
    return _field(JSONFields.take_bool, names, default=None)


def enum_field(
    words: type[Enum], *names: str, aliases: Mapping[str, Enum] | None = None
) -> Any:
    """Define a field with the values of an enum, or with *aliases* of its members."""

    known = {**{each.value: each for each in words}, **(aliases or {})}

    def read(fields: JSONFields, name: str) -> Enum | str:
        said = fields.take_str(name)
        return known.get(said, said)

    return _field(read, names, default="")


def project_field() -> Any:
    """Define the field for the project or application.

    OpenTok calls it ``projectId`` or ``partnerId``, Vonage ``applicationId``, and some
    objects have several of these names. The first one that is not empty is used.
    """
    names = ("projectId", "applicationId", "partnerId")

    def read(fields: JSONFields, _: str) -> str:
        ids = [fields.take_str(name) for name in names]
        return next(filter(None, ids), "")

    return _field(read, names, default="")


def str_list_field(*names: str) -> Any:
    """Define a field that is a list of strings."""
    return _field(JSONFields.take_str_list, names, default=())


def nested_field(kind: type[Record], *names: str, always: bool = False) -> Any:
    """Define a field that is a nested record.

    A missing record is ``None``; with *always* it is an empty record.
    """

    def read(fields: JSONFields, name: str) -> Record | None:
        source = fields.take_object(name)
        if source is None:
            return kind() if always else None
        return kind.from_json(source)

    if always:
        return _field(read, names, default_factory=kind)
    return _field(read, names, default=None)


def nested_list_field(kind: type[Record], *names: str, key: str | None = None) -> Any:
    """Define a field that is a list of records.

    With *key*, an object of records is also accepted: each name becomes the record's *key*.
    """

    def read(fields: JSONFields, name: str) -> tuple[Record, ...]:
        return tuple(kind._read(*item) for item in fields.take_objects(name, key))

    return _field(read, names, default=())


def _field(
    read: _Read, names: tuple[str, ...], *, secret: bool = False, **rest: Any
) -> Any:
    return field(repr=not secret, metadata={"read": read, "names": names}, **rest)


@strip_traceback
@dataclass(frozen=True, slots=True, kw_only=True)
class Record(PickledByName):
    """One object of a response, with a field for each known property.

    ``unknown``, ``raw`` and ``request_id`` are not in the repr. ``raw`` and
    ``request_id`` are not compared, and not in ``to_dict()``.
    """

    #: A noun for error messages, and the required fields.
    _label: ClassVar[str] = "a record"
    _required: ClassVar[tuple[str, ...]] = ()

    #: Unknown properties, by the service's names. They are not in the repr, because they
    #: may be secret.
    unknown: Mapping[str, Any] = field(default_factory=ReadOnlyDict, hash=False, repr=False)
    #: The object as the service sent it, with the service's own names. It is read-only,
    #: and empty if the record was not parsed from JSON.
    raw: Mapping[str, Any] = field(default_factory=ReadOnlyDict, compare=False, repr=False)
    #: The ID of the request that returned this record, for Vonage support. None if the
    #: response has none, and in nested records and webhook events.
    request_id: str | None = field(default=None, compare=False, repr=False)

    def __init_subclass__(cls) -> None:
        safe_repr(cls)

    @classmethod
    def from_json(cls, source: Mapping[str, Any]) -> Self:
        """Parse a JSON object of the service."""
        return cls._read(source, source)

    @classmethod
    def _read(
        cls,
        source: Mapping[str, Any],
        raw: Mapping[str, Any],
        request_id: str | None = None,
    ) -> Self:
        """Parse the fields in *source*; *raw* is the original object."""
        fields = JSONFields(source)
        known = {}
        for own_name, names, read in _readers(cls):
            for name in names:
                if name in fields:
                    known[own_name] = read(fields, name)
                    break
        # A missing property has the field's default, which is also the parser's result.
        return cls(
            **known,
            unknown=fields.unknown(),
            raw=raw if isinstance(raw, ReadOnlyDict) else ReadOnlyDict(raw),
            request_id=request_id,
        )

    def to_dict(self, *, secrets: bool = True) -> dict[str, Any]:
        """Return the fields by their names, ready for JSON.

        ``raw`` and ``request_id`` are left out. With *secrets* false, the result contains
        only the fields in the repr, so it can be logged.
        """
        return {
            each.name: _plain(getattr(self, each.name), secrets)
            for each in _fields(self)
            if secrets or each.repr
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity(Record):
    """A record with an ID and a creation time."""

    _required: ClassVar[tuple[str, ...]] = ("id",)

    id: str = str_field()
    #: Milliseconds since the epoch, as the service sends them.
    created_ms: int | None = int_field("createdAt")
    updated_ms: int | None = int_field("updatedAt")

    @property
    def created_at(self) -> datetime | None:
        """Return ``created_ms`` as a UTC datetime.

        None if the service sent no time, or one after the year 9999.
        """
        return from_milliseconds(self.created_ms)

    @property
    def updated_at(self) -> datetime | None:
        """Return ``updated_ms`` as a UTC datetime.

        None if the service sent no time, or one after the year 9999.
        """
        return from_milliseconds(self.updated_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEntity(Entity):
    """A record that belongs to a session."""

    session_id: str = str_field()
    #: The project or application: an API key of OpenTok, or an application ID of Vonage.
    #: In ``raw`` it has the service's own name.
    project_id: str = project_field()


#: For each class, the field names, the names in JSON, and the parsers.
_READERS: dict[type[Record], list[tuple[str, tuple[str, ...], _Read]]] = {}


def _readers(kind: type[Record]) -> list[tuple[str, tuple[str, ...], _Read]]:
    if kind not in _READERS:
        _READERS[kind] = [
            (
                each.name,
                each.metadata["names"] or (_camel_case(each.name),),
                each.metadata["read"],
            )
            for each in dataclasses.fields(kind)
            if each.metadata
        ]
    return _READERS[kind]


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def _fields(value: Record) -> list[dataclasses.Field[Any]]:
    """Return the fields of `to_dict`, with ``unknown`` at the end."""
    known = [each for each in dataclasses.fields(value) if each.metadata]
    return [*known, *(each for each in dataclasses.fields(value) if each.name == "unknown")]


def _plain(value: Any, secrets: bool) -> Any:
    if isinstance(value, Record):
        return value.to_dict(secrets=secrets)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(item, secrets) for item in value]
    return dict(value) if isinstance(value, Mapping) else value
