"""Results can be pickled, copied and written as JSON, without the rest of their memory."""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
import multiprocessing
import pickle
import pprint
import sys
import threading
import typing
from array import array
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

import tokbox
from tests.support.batches import KEY, SECRET, SESSION
from tokbox import _memory, errors
from tokbox.integrations import col
from tokbox.readonly import ReadOnlyDict
from tokbox.rest.models.base import Record, int_field, str_field
from tokbox.rest.models.page import Page
from tokbox.rest.resources.archives import Archive
from tokbox.tokens.batch import TokenBatch, _restore
from tokbox.tokens.session import SessionSigner
from tokbox.tokens.signer import Signer
from tokbox.tokens.verification.results import Decoded, Verification
from tokbox.webhooks.events import StreamCreated
from tools import public_api

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
CUTS = [
    slice(None), slice(1, None), slice(3, -2), slice(5, 6), slice(0, 0), slice(20, None),
    slice(None, None, 2), slice(None, None, -1), slice(15, 3, -3), slice(0, None, -1),
]  # fmt: skip

Copy = Callable[[Any], Any]


def out_of_band(thing: object) -> Any:
    """Return a copy whose buffers are passed beside the pickle."""
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(thing, 5, buffer_callback=buffers.append)
    return pickle.loads(data, buffers=[bytearray(buffer.raw()) for buffer in buffers])


def pickled(protocol: int, thing: object) -> Any:
    return pickle.loads(pickle.dumps(thing, protocol))


PUBLIC_MODULES = [import_module(name) for name in public_api.MODULES]

COPIES: dict[str, Copy] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "out of band": out_of_band,
    **{f"protocol {n}": functools.partial(pickled, n) for n in PROTOCOLS},
}


def sign(kind: str = "rows", n: int = 20) -> TokenBatch[Any]:
    """Sign a batch whose tokens are alike, or differ, or of which some are missing."""
    if kind == "alike":
        return Signer(KEY, SECRET).session(SESSION).token_batch(n)
    data = ["x" * i if kind == "rows" or i % 4 != 1 else "\0" for i in range(n)]
    return Signer(KEY, SECRET).sign_rows(SESSION, connection_data=data, errors="null")


### Batches ###


@pytest.mark.parametrize("cut", CUTS, ids=str)
@pytest.mark.parametrize("kind", ["alike", "rows", "nulls"])
@pytest.mark.parametrize("how", COPIES)
def test_a_copied_batch_is_equal_in_every_respect(how: str, kind: str, cut: slice) -> None:
    batch = sign(kind)[cut]
    again = COPIES[how](batch)
    assert type(again) is TokenBatch
    assert again == batch
    assert again.tolist() == batch.tolist()
    assert again.data == batch.data
    assert list(again.offsets) == list(batch.offsets)
    assert again.nbytes == batch.nbytes
    assert again.token_length == batch.token_length
    assert [vars(error) for error in again.failures.values()] == [
        vars(e) for e in batch.failures.values()
    ]
    # The copy can be cut, copied and verified like any other.
    for other in CUTS:
        assert COPIES[how](again[other]).tolist() == batch.tolist()[other]
        assert [*again[other].failures] == [*batch[other].failures]
    signer = Signer(KEY, SECRET)
    present = [token is not None for token in batch]
    assert list(signer.verify_many(again)) == present


def test_errors_of_a_pickled_slice_keep_their_rows() -> None:
    batch = sign("nulls")[4:15]
    again = pickle.loads(pickle.dumps(batch))
    assert [*again.failures] == [5, 9, 13]
    assert [again[row - 4] for row in again.failures] == [None] * 3
    assert [*again[2:6].failures] == [9]
    assert [*again[::-1].failures] == [5, 9, 13]
    (error, *_) = again.failures.values()
    assert (error.field, error.value) == ("connection_data", "\0")


@pytest.mark.parametrize("kind", ["alike", "rows"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_pickled_slice_contains_no_other_rows(protocol: int, kind: str) -> None:
    batch = sign(kind, 1000)
    part = batch[500:502]
    data = pickle.dumps(part, protocol)
    if protocol:  # which escapes the bytes
        assert part[0].encode() in data
        assert len(data) < part.nbytes + 1000
    assert batch[499].encode() not in data
    assert batch[502].encode() not in data
    assert SECRET.encode() not in data


@pytest.mark.parametrize("cut", [slice(None), slice(500, 502)], ids=str)
def test_text_is_passed_out_of_band_without_a_copy(cut: slice) -> None:
    batch = sign("rows", 1000)[cut]
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(batch, 5, buffer_callback=buffers.append)
    (buffer,) = buffers
    assert buffer.raw() == batch.data
    assert batch[0].encode() not in data
    # The buffer is the memory of the batch, which lives for as long.
    assert memoryview(buffer).obj.obj is batch._memory  # type: ignore[attr-defined]


def test_a_deep_copy_has_memory_of_its_own() -> None:
    batch = sign("rows", 1000)
    assert copy.copy(batch)._memory is batch._memory
    part = copy.deepcopy(batch[500:502])
    assert part._memory is not batch._memory
    assert part._memory.nbytes == part.nbytes


def test_a_process_pool_returns_batches() -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        alike, rows, nulls = pool.map(sign, ["alike", "rows", "nulls"])
    signer = Signer(KEY, SECRET)
    assert len(alike) == len(rows) == len(nulls) == 20
    for token in (*alike, *rows, *filter(None, nulls)):
        assert signer.verify(token).session_id == SESSION
    assert [*nulls.failures] == [1, 5, 9, 13, 17]


@pytest.mark.parametrize(
    ("data", "n", "length", "offsets"),
    [
        (b"abcd", 3, 2, None),
        (b"abcd", 2**62, 2**62, None),
        (b"abcd", 2, 0, array("q", [0, 2])),
        (b"abcd", 2, 0, array("q", [0, 3, 2])),
        (b"abcd", 2, 0, array("q", [0, 2, 5])),
        (b"abcd", 2, 0, array("q", [-1, 2, 4])),
        (b"abcd", 2, 0, array("q", [0, 2**62, 4])),
        (b"ab\xffd", 2, 2, None),
    ],
    ids=["long", "huge", "few", "falling", "beyond", "before", "far", "not ASCII"],
)
def test_a_damaged_pickle_of_a_batch_is_refused(
    data: bytes, n: int, length: int, offsets: array[int] | None
) -> None:
    with pytest.raises(ValueError, match="damaged"):
        _restore(data, n, length, offsets, {})


@pytest.mark.parametrize("arguments", [(2, 1, 2), (-1, 1, 1), (0, 2**62, 2), (0, 1, 2**62)])
def test_rebased_offsets_stay_within_their_memory(arguments: tuple[int, int, int]) -> None:
    offsets = _memory.fixed_offsets(3, 2)
    with pytest.raises(IndexError):
        _memory.select_offsets(offsets, *arguments)
    damaged = _memory.Memory(24)
    for bad in ([2, 1, 3], [-1, 0, 1], [0, 2**63 - 1, 2**63 - 1]):
        damaged.put(0, array("q", bad))
        step = 0 if bad[0] == 0 else 1
        with pytest.raises(IndexError):
            _memory.select_offsets(damaged, 0, step, 2)


### Verified and decoded tokens ###


@pytest.mark.parametrize("how", COPIES)
def test_results_of_many_tokens_can_be_copied(how: str) -> None:
    signer = Signer(KEY, SECRET)
    tokens = [signer.session(SESSION).token(), "T1==", signer.session(SESSION).token()[:-9]]
    verified = signer.verify_many(tokens)
    decoded = tokbox.decode_many(tokens)
    for results, kind in ((verified, Verification), (decoded, Decoded)):
        again = COPIES[how](results)
        assert type(again) is kind
        assert again == results
        assert (repr(again), len(again)) == (repr(results), len(results))
        for one, other in zip(again, results, strict=True):
            assert (type(one), str(one)) == (type(other), str(other))
            if isinstance(one, Exception):
                assert vars(one) == vars(other)
        failures = COPIES[how](results.failures)
        assert {row: str(error) for row, error in failures.items()} == {
            row: str(error) for row, error in results.failures.items()
        }
    assert COPIES[how](decoded[0]) == decoded[0]


### Exceptions ###

REQUEST: dict[str, Any] = {
    "status": 400, "method": "GET", "path": "/x", "code": 7, "message": "No",
    "attempts": 3, "request_id": "id", "hint": "try",
}  # fmt: skip
CALL: dict[str, Any] = {"method": "GET", "path": "/x", "attempts": 3}

#: One of each class.
EXAMPLES: dict[type[Exception], Exception] = {
    type(error): error
    for error in (
        errors.TokboxError("a", "b"),
        errors.InvalidInputError("n", {"a": [1]}, "be small"),
        errors.InvalidArrowError("n", None, "be an array", show=False),
        errors.TokenError("bad"),
        errors.InvalidClaimsError("role", 5, "be one", row=3),
        errors.WrongClaimsError("role", "king", "be one", reason="encoding"),
        errors.WrongSessionError("session_id", SESSION, "be another"),
        errors.MalformedTokenError("cut off", "truncated"),
        errors.WrongPurposeError("ist", "account", "project"),
        errors.WrongKeyError("another key"),
        errors.WrongAlgorithmError("another algorithm"),
        errors.BadSignatureError("altered"),
        errors.ExpiredTokenError(1, 5),
        errors.NotYetValidTokenError(5, 1),
        errors.APIError(**REQUEST),
        errors.AuthenticationError(**REQUEST),
        errors.ClockSkewError(offset=600.5, **REQUEST),
        errors.NotFoundError(**REQUEST),
        errors.ConflictError(**REQUEST),
        errors.RateLimitError(retry_after=5.0, **REQUEST),
        errors.ServerError(**REQUEST),
        errors.TransportError("broke", **CALL),
        errors.ConnectError("refused", **CALL),
        errors.RequestTimeoutError("late", **CALL),
        errors.TLSError("expired", **CALL),
        errors.ProtocolError("no JSON", **CALL),
        errors.ArchiveStatusError("0b9f", "failed", "it will not become available"),
        errors.WebhookError("altered", "the body is another one"),
        errors.MalformedWebhookError("not_json", "no JSON"),
        errors.UnverifiedWebhookError("too_old", "an hour old"),
        errors.ClosedError("this client is closed"),
        errors.MissingDependencyError("pyarrow", "arrow"),
        errors.MissingKeyError("this client has no key"),
        errors.ArchivingNeedsMediaRouterWarning("archives need the media router"),
        errors.InsecureTransportWarning("plain HTTP"),
        errors.ShortSecretWarning("short"),
    )
}


def test_every_exception_has_an_example_here() -> None:
    classes = {vars(errors)[name] for name in errors.__all__}
    assert {kind for kind in classes if issubclass(kind, Exception)} == set(EXAMPLES)


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("error", EXAMPLES.values(), ids=lambda e: type(e).__name__)
def test_a_copied_exception_keeps_all_attributes(error: Exception, how: str) -> None:
    again = COPIES[how](error)
    assert type(again) is type(error)
    assert (str(again), repr(again), again.args) == (str(error), repr(error), error.args)
    assert vars(again) == vars(error)
    for name in dir(error):
        if not name.startswith("__") and not callable(getattr(error, name)):
            assert getattr(again, name) == getattr(error, name), name


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_value_without_a_pickle_does_not_keep_its_error_from_being_pickled(
    protocol: int,
) -> None:
    def local() -> None: ...

    signer = Signer(KEY, SECRET)
    for value in (threading.Lock(), local, lambda: 1, (n for n in "a"), signer, [signer]):
        error = errors.InvalidClaimsError("role", value, "be one", row=3)
        again = pickled(protocol, error)
        assert str(again) == str(error)
        assert (again.field, again.rule, again.row) == ("role", "role must be one", 3)
        # The value is shown as it is in the message, and the error that was pickled has it.
        assert again.value in str(error)
        assert error.value is value
        assert SECRET not in str(again.value)


### Records ###


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Earlier(Record):
    id: str = str_field()
    gone: str = str_field()
    size: int | None = int_field()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Later(Record):
    size: int | None = int_field()
    added: str = str_field()
    id: str = str_field()


NEW = {"new": {"list": [1, {"a": None}]}}
RECORDS = {
    "archive": Archive.from_json({"id": "a", "status": "started", "streams": [], **NEW}),
    "event": StreamCreated.from_json(
        {"event": "streamCreated", "sessionId": "s", "stream": {"id": "i", **NEW}, **NEW}
    ),
    "page": Page(
        items=(Archive.from_json({"id": "a", **NEW}),),
        total=1,
        offset=0,
        unknown=ReadOnlyDict(NEW),
    ),
    "token": tokbox.decode(Signer(KEY, SECRET).session(SESSION).token(kind="jwt")),
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("name", RECORDS)
def test_a_record_with_unknown_fields_can_be_copied(name: str, how: str) -> None:
    again = COPIES[how](RECORDS[name])
    assert type(again) is type(RECORDS[name])
    assert again == RECORDS[name]
    assert again.unknown == RECORDS[name].unknown
    assert type(again.unknown) is type(RECORDS[name].unknown)


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_with_unknown_fields_becomes_a_dict_and_json(name: str) -> None:
    data = dataclasses.asdict(RECORDS[name])
    assert data["unknown"] == RECORDS[name].unknown
    assert json.loads(json.dumps(data, default=str))["unknown"] == data["unknown"]
    assert json.loads(json.dumps(data))["unknown"] == data["unknown"]
    assert len(dataclasses.astuple(RECORDS[name])) == len(dataclasses.fields(RECORDS[name]))


@pytest.mark.parametrize("name", ["archive", "event", "page", "token"])
def test_pydantic_reads_and_writes_records_with_unknown_fields(name: str) -> None:
    pydantic = pytest.importorskip("pydantic")
    one = RECORDS[name] if name != "page" else RECORDS[name].items[0]
    adapter = pydantic.TypeAdapter(type(one))
    assert adapter.validate_python(one) == one
    data = adapter.dump_json(one)
    assert json.loads(data)["unknown"] == dict(one.unknown)
    assert adapter.validate_json(data) == one


def test_a_record_is_pickled_by_the_names_of_its_fields() -> None:
    record = Earlier(id="a", gone="b", size=5, unknown=ReadOnlyDict(NEW))
    restore, (_, values) = record.__reduce__()
    again = restore(Later, values)
    assert again == Later(id="a", size=5, added="", unknown=ReadOnlyDict(NEW))


def test_pickles_of_this_major_version_can_be_loaded() -> None:
    # docs/policy.md promises it. Never change these pickles within a major version.
    layout = b"ctokbox.pickling\n_restore\n(ctokbox\nLayout\n(dVtype\nVpip\nstR."
    assert pickle.loads(layout) == tokbox.Layout("pip")
    archive = (
        b"ctokbox.pickling\n_restore\n(ctokbox.types\nArchive\n(dVid\nVa\nsVstatus\n"
        b"ctokbox.types\nArchiveStatus\n(Vavailable\ntRsVcreated_ms\nL1700000000000L\ns"
        b"Vunknown\nctokbox.readonly\nReadOnlyDict\n((dVnew\nI1\nstRstR."
    )
    source = {"id": "a", "status": "available", "createdAt": 1_700_000_000_000, "new": 1}
    assert pickle.loads(archive) == Archive.from_json(source)


VALUES = [
    tokbox.AudioTransport(transport="json", encoding="base64"),
    tokbox.AzureStorage(account_name="account", account_key="key", container="container"),
    tokbox.Derived(run_id="run", row_key=col("id"), issued_at=1),
    tokbox.Hls(dvr=True),
    tokbox.Layout("pip"),
    tokbox.RtmpTarget("rtmp://h/x", "stream"),
    tokbox.S3Storage(access_key="access", secret_key="secret", bucket="bucket"),
    tokbox.SipAuth("name", "password"),
    tokbox.TranscriptionProperties(),
    tokbox.WebSocket("wss://h/"),
    tokbox.emulator.Announcement(url="http://h", projects={}, applications=(), accounts={}),
    tokbox.emulator.Rules(),
    tokbox.emulator.Signal(
        number=1, session_id="s", sent_ms=1, type=None, data="", recipients=("c",)
    ),
    tokbox.emulator.SimulatedClient(session_id="s", connection_id="c"),
    tokbox.emulator.SimulatedStream(session_id="s", connection_id="c", stream_id="t"),
    col("id"),
    tokbox.integrations.KeyRef("env:A_SECRET"),
    tokbox.integrations.SigningJob(project_id=KEY, key="env:A_SECRET", session_id=col("s")),
    tokbox.transport.Request(
        method="GET",
        url="http://h/x",
        path="/x",
        headers=tokbox.transport.Headers({"a": "b"}),
        body=None,
        timeout=1.0,
        read_timeout=1.0,
        max_body=9,
    ),
    tokbox.transport.Response(200, {"a": "b"}, b"{}"),
    tokbox.types.APIResponse(
        status=200, headers={"a": "b"}, body=b"{}", _call=("GET", "/x")
    ),
    *RECORDS.values(),
]


def test_every_public_dataclass_that_can_be_pickled_has_an_example() -> None:
    classes = {
        getattr(module, name)
        for module in PUBLIC_MODULES
        for name in module.__all__
        if dataclasses.is_dataclass(getattr(module, name))
    }
    others = classes - {type(value) for value in VALUES}
    assert all(issubclass(kind, Record | SessionSigner) for kind in others), others


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_is_pickled_by_the_names_of_its_fields(value: Any) -> None:
    restore, (kind, fields) = value.__reduce__()
    assert kind is type(value)
    assert set(fields) == {each.name for each in dataclasses.fields(value)}
    reordered = dict(reversed(fields.items()))
    assert restore(kind, {**reordered, "of_a_later_version": 1}) == value


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_pickle_names_the_public_module(value: Any) -> None:
    module = type(value).__module__
    assert sys.modules[module] in PUBLIC_MODULES
    assert f"{module}\n{type(value).__name__}\n".encode() in pickle.dumps(value, 0)
    assert pickle.loads(pickle.dumps(value)) == value


@pytest.mark.parametrize("module", PUBLIC_MODULES, ids=lambda module: module.__name__)
def test_public_classes_have_the_path_of_a_public_module(module: Any) -> None:
    for name in module.__all__:
        kind = getattr(module, name)
        if not isinstance(kind, type) or typing.is_typeddict(kind):
            continue
        if kind is not _memory.MemoryPool:  # which Cython names by its own module
            assert getattr(sys.modules[kind.__module__], name) is kind, name
            assert sys.modules[kind.__module__] in PUBLIC_MODULES, name


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_type_hints_of_public_dataclasses_can_be_resolved(value: Any) -> None:
    hints = typing.get_type_hints(type(value))
    assert set(hints) >= {each.name for each in dataclasses.fields(value)}
    assert not [hint for hint in hints.values() if isinstance(hint, str)]


@pytest.mark.parametrize("how", COPIES)
def test_a_read_only_dict_stays_one_when_it_is_copied(how: str) -> None:
    again = COPIES[how](ReadOnlyDict(NEW))
    assert again == NEW
    assert type(again) is ReadOnlyDict
    assert repr(again) == repr(NEW)


def test_a_read_only_dict_cannot_be_changed() -> None:
    mapping: Any = ReadOnlyDict({"a": 1})
    changes: list[Callable[[], Any]] = [
        lambda: mapping.__setitem__("a", 2),
        lambda: mapping.__delitem__("a"),
        lambda: mapping.__ior__({"b": 2}),
        lambda: mapping.update(b=2),
        lambda: mapping.setdefault("b", 2),
        lambda: mapping.pop("a"),
        mapping.popitem,
        mapping.clear,
    ]
    for change in changes:
        with pytest.raises(TypeError, match="read-only"):
            change()
    assert mapping == {"a": 1}
    assert mapping | {"b": 2} == {"a": 1, "b": 2}


### Sessions ###


@pytest.fixture
def session() -> tokbox.Session:
    return tokbox.Tokbox(KEY, SECRET).session(SESSION)


def test_the_only_field_of_a_session_is_its_id(session: tokbox.Session) -> None:
    signer = Signer(KEY, SECRET).session(SESSION)
    for each in (session, signer):
        assert dataclasses.asdict(each) == {"session_id": SESSION}
        assert json.loads(json.dumps(each, default=dataclasses.asdict)) == {
            "session_id": SESSION
        }


def test_pydantic_writes_the_id_of_a_session(session: tokbox.Session) -> None:
    pydantic = pytest.importorskip("pydantic")
    adapter = pydantic.TypeAdapter(tokbox.Session)
    assert adapter.validate_python(session) is session
    assert adapter.dump_python(session) == {"session_id": SESSION}
    assert json.loads(adapter.dump_json(session)) == {"session_id": SESSION}


def test_a_session_is_a_frozen_dataclass(session: tokbox.Session) -> None:
    signer = Signer(KEY, SECRET).session(SESSION)
    for each in (session, signer):
        assert dataclasses.is_dataclass(each)
        assert [field.name for field in dataclasses.fields(each)] == ["session_id"]
        assert pprint.pformat(each) == repr(each)
        assert repr(each) == f"{type(each).__name__}(session_id={SESSION!r})"
        with pytest.raises(dataclasses.FrozenInstanceError):
            each.session_id = "another"  # type: ignore[misc]
        with pytest.raises(dataclasses.FrozenInstanceError):
            del each.session_id
        match each:
            case SessionSigner(found):
                assert found == SESSION
    assert session != signer
    assert signer == Signer(KEY, SECRET).session(SESSION)
    assert hash(session) == hash(tokbox.Tokbox(KEY, SECRET).session(SESSION))


def test_a_replaced_session_signs_as_before(session: tokbox.Session) -> None:
    other = dataclasses.replace(session)
    assert other == session
    assert other.to_dict() == session.to_dict()
    assert Signer(KEY, SECRET).verify(other.token()).session_id == SESSION
    assert other._resources is session._resources
    assert session.__replace__() == session
    with pytest.raises(errors.InvalidClaimsError):
        dataclasses.replace(session, session_id="another")


@pytest.mark.parametrize("kind", [SessionSigner, tokbox.Session])
def test_constructing_a_session_fails_with_advice(kind: type) -> None:
    with pytest.raises(TypeError, match=r"Tokbox\.session\(\)"):
        kind(SESSION)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_signer_of_a_session_is_not_pickled(protocol: int) -> None:
    signer = Signer(KEY, SECRET).session(SESSION)
    with pytest.raises(TypeError, match=r"secret.*tokbox\.integrations\.KeyRef"):
        pickle.dumps(signer, protocol)
    with pytest.raises(TypeError, match="secret"):
        copy.deepcopy(signer)
    assert copy.copy(signer) is signer
