"""Records, pages and sessions in the standard library's JSON, pydantic and FastAPI."""

from __future__ import annotations

import dataclasses
import json
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from tests.rest.resources.test_archives import STARTED
from tests.rest.test_sessions import SESSION
from tests.support.payloads import ARCHIVE
from tests.support.rest import KEY, SECRET
from tokbox import Session, Tokbox, Token, types, webhooks
from tokbox.response_enums import ArchiveStatus
from tokbox.rest.models.base import Record
from tokbox.types import Archive, Page

pydantic = pytest.importorskip("pydantic")
fastapi = pytest.importorskip("fastapi")
pytest.importorskip("httpx")

#: With a nested record, a list of records, an enum, and a property that is not known.
SOURCE: dict[str, Any] = {
    **STARTED,
    "streams": [{"streamId": "s-1", "hasAudio": True}],
    "transcription": {"status": "completed", "url": "https://example.test/secret"},
    "url": "https://example.test/secret",
    "later": {"a": [1]},
}
ARCHIVE_RECORD = Archive.from_json(SOURCE)
PAGE = Page(items=(ARCHIVE_RECORD,), total=7, offset=3, raw={"count": 7})


def public_records() -> Iterator[type[Record]]:
    """Yield all public classes of records."""
    for module in (types, webhooks):
        for name in module.__all__:
            kind = getattr(module, name)
            # Only the subclasses of StatusEvent can be parsed.
            if (
                isinstance(kind, type)
                and issubclass(kind, Record)
                and kind is not webhooks.StatusEvent
            ):
                yield kind


RECORDS = [*public_records()]


def test_all_public_records_are_found() -> None:
    names = {kind.__name__ for kind in RECORDS}
    assert {"Archive", "Broadcast", "Stream", "Transcription", "ArchiveChanged"} <= names
    assert len(names) > 30


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_every_record_can_be_written_as_json(kind: type[Record]) -> None:
    record = kind.from_json(SOURCE)
    for plain in (dataclasses.asdict(record), record.to_dict()):
        assert json.loads(json.dumps(plain)).keys() == plain.keys()


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_every_record_is_a_type_of_pydantic(kind: type[Record]) -> None:
    record = kind.from_json(SOURCE)
    adapter = pydantic.TypeAdapter(kind)
    written = json.loads(adapter.dump_json(record))
    assert written == json.loads(json.dumps(dataclasses.asdict(record)))
    assert adapter.validate_python(record) is record
    assert adapter.validate_json(adapter.dump_json(record)) == record
    assert adapter.json_schema(mode="serialization")["type"] == "object"


def test_pydantic_reads_enums_and_nested_records() -> None:
    adapter = pydantic.TypeAdapter(Archive)
    read = adapter.validate_json(adapter.dump_json(ARCHIVE_RECORD))
    assert read.status == ArchiveStatus.STARTED
    assert isinstance(read.transcription, types.Transcription)
    assert isinstance(read.streams[0], types.ChosenStream)
    later = adapter.validate_python({"id": "x", "status": "of-a-later-version"})
    assert later.status == "of-a-later-version"
    with pytest.raises(pydantic.ValidationError, match="size"):
        adapter.validate_python({"id": "x", "size": "large"})


def test_a_page_can_be_written_as_json() -> None:
    assert PAGE.to_dict() == {
        "items": [ARCHIVE_RECORD.to_dict()],
        "total": 7,
        "offset": 3,
        "unknown": {},
    }
    public = PAGE.to_dict(secrets=False)
    assert public.keys() == {"items", "total", "offset"}
    assert "secret" not in json.dumps(public)
    assert "secret" in json.dumps(PAGE.to_dict())
    assert json.loads(json.dumps(dataclasses.asdict(PAGE)))["total"] == 7


@pytest.mark.parametrize("kind", [Page[Archive], Page])
def test_a_page_is_a_type_of_pydantic(kind: Any) -> None:
    adapter = pydantic.TypeAdapter(kind)
    written = json.loads(adapter.dump_json(PAGE))
    assert written["items"] == [json.loads(json.dumps(dataclasses.asdict(ARCHIVE_RECORD)))]
    assert (written["total"], written["offset"]) == (7, 3)
    assert adapter.validate_python(PAGE) is PAGE


def test_a_page_is_also_a_list_of_its_items() -> None:
    adapter = pydantic.TypeAdapter(list[Archive])
    assert adapter.validate_python(PAGE) == [ARCHIVE_RECORD]


def test_sessions_and_claims_of_tokens_are_types_of_pydantic() -> None:
    with Tokbox(KEY, SECRET) as tb:
        session = tb.session(SESSION)
        claims = tb.verify(session.token(connection_data="name=Ada"))
    assert json.loads(pydantic.TypeAdapter(Session).dump_json(session)) == {
        "session_id": SESSION
    }
    assert SECRET not in json.dumps(dataclasses.asdict(session))
    written = json.loads(pydantic.TypeAdapter(Token).dump_json(claims))
    assert (written["session_id"], written["connection_data"]) == (SESSION, "name=Ada")


def test_events_of_webhooks_are_types_of_pydantic() -> None:
    event = webhooks.parse(json.dumps(ARCHIVE).encode())
    written = json.loads(pydantic.TypeAdapter(webhooks.Event).dump_json(event))
    assert written["session_id"] == event.to_dict()["session_id"]


def test_endpoints_of_fastapi_return_records() -> None:
    with warnings.catch_warnings():
        # Starlette deprecates its test client for the sake of a new package.
        warnings.simplefilter("ignore")
        from fastapi.testclient import TestClient

    app = fastapi.FastAPI()
    private = {"raw", "unknown", "url"}
    app.get("/one", response_model=Archive)(lambda: ARCHIVE_RECORD)
    app.get("/page", response_model=Page[Archive])(lambda: PAGE)
    app.get("/list", response_model=list[Archive])(lambda: list(PAGE))
    app.get("/plain")(lambda: {"archive": ARCHIVE_RECORD})
    app.get("/public", response_model=Archive, response_model_exclude=private)(
        lambda: ARCHIVE_RECORD
    )
    whole = json.loads(json.dumps(dataclasses.asdict(ARCHIVE_RECORD)))
    client = TestClient(app)
    assert client.get("/one").json() == whole
    assert client.get("/page").json()["items"] == [whole]
    assert client.get("/list").json() == [whole]
    assert client.get("/plain").json() == {"archive": whole}
    assert client.get("/public").json().keys() == whole.keys() - private
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    assert schemas["Archive"]["properties"]["size"]["anyOf"][0] == {"type": "integer"}
