"""The files of archives."""

from __future__ import annotations

import io
import json
import struct
import zipfile

from tests.emulator.model.test_states import archive_in
from tests.support.emulator import KEY, NOW, Api
from tokbox.emulator.model.records import Recording
from tokbox.emulator.serializers import archive_files

COMPOSED = {"outputMode": "composed", "streamMode": "auto"}


def finished(api: Api, archive_id: str) -> tuple[dict[str, object], bytes]:
    api.stop_archive(archive_id)
    api.advance(2)
    archive = api.archive(archive_id)
    return archive, api.request("GET", archive["url"].removeprefix(api.url)).body


def test_mp4_has_complete_boxes_and_its_duration() -> None:
    content = archive_files.render(
        archive_in("available", options=COMPOSED, ran_ms=90_500), []
    )
    kinds, at = [], 0
    while at < len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        kinds.append(kind)
        at += size
    assert (at, kinds) == (len(content), [b"ftyp", b"moov"])
    mvhd = content.index(b"mvhd")
    assert struct.unpack_from(">II", content, mvhd + 16) == (1000, 90_500)
    assert struct.unpack_from(">I", content, mvhd - 4) == (108,)


def test_composed_archive_of_nothing_is_empty(api: Api, session_id: str) -> None:
    api.join(session_id, publish=False)
    archive, content = finished(api, api.start_archive(session_id)["id"])
    assert (archive["size"], archive["duration"], content) == (0, 0, b"")


def test_rendering_twice_gives_the_same() -> None:
    archive = archive_in("available", options={**COMPOSED, "outputMode": "individual"})
    recordings = [Recording("s", 5, 9, "", "camera")]
    assert archive_files.render(archive, recordings) == archive_files.render(
        archive, recordings
    )


def test_individual_archive_is_a_zip_with_the_services_manifest(
    api: Api, session_id: str
) -> None:
    first = api.join(session_id, connection_data="one")
    archive_id = api.start_archive(session_id, outputMode="individual", name="n")["id"]
    api.advance(10)
    second = api.join(session_id, connection_data="two")
    api.advance(5)
    api.leave(session_id, first)
    api.advance(5)
    archive, content = finished(api, archive_id)
    assert archive["size"] == len(content)
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
        manifest = json.loads(file.read(f"{archive_id}.json"))
        entries = manifest.pop("files")
        sizes = {info.filename: info.file_size for info in file.infolist()}
        assert all(sizes[entry["filename"]] == entry["size"] > 0 for entry in entries)
    assert manifest == {
        "id": archive_id,
        "partnerId": int(KEY),
        "sessionId": session_id,
        "name": "n",
        "createdAt": NOW * 1000,
    }
    shown = [
        (e["streamId"], e["startTimeOffset"], e["stopTimeOffset"], e["connectionData"])
        for e in entries
    ]
    assert shown == [
        (first["streamId"], 0, 15_000, "one"),
        (second["streamId"], 10_000, 20_000, "two"),
    ]


def test_individual_archive_has_its_own_name_and_type(api: Api, session_id: str) -> None:
    api.join(session_id)
    archive_id = api.start_archive(session_id, outputMode="individual")["id"]
    api.stop_archive(archive_id)
    api.advance(2)
    path = api.archive(archive_id)["url"].removeprefix(api.url)
    assert f"/{KEY}/{archive_id}/archive.zip?" in path
    assert api.request("GET", path).headers["Content-Type"] == "application/zip"


def test_file_of_another_name_is_not_there(api: Api, live: str) -> None:
    archive, _ = finished(api, api.start_archive(live)["id"])
    path = str(archive["url"]).removeprefix(api.url)
    assert api.request("GET", path).status == 200
    other = path.replace("/archive.mp4", "/archive.zip")
    assert other != path
    assert api.request("GET", other).status == 404
