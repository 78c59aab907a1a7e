"""The file of an archive, and parts of it."""

from __future__ import annotations

import pytest

from tests.support.emulator import Answer, Api


@pytest.fixture
def path(api: Api, live: str) -> str:
    """The path of the file of an archive."""
    archive_id = api.start_archive(live)["id"]
    api.advance(1)
    api.stop_archive(archive_id)
    api.advance(2)
    return str(api.archive(archive_id)["url"]).removeprefix(api.url)


@pytest.fixture
def whole(api: Api, path: str) -> Answer:
    return api.request("GET", path)


def test_a_file_has_a_tag_and_accepts_ranges(api: Api, path: str, whole: Answer) -> None:
    assert (whole.status, whole.headers["Accept-Ranges"]) == (200, "bytes")
    assert whole.headers["Content-Length"] == str(len(whole.body))
    assert whole.headers["ETag"] == api.request("GET", path).headers["ETag"]


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=10-", slice(10, None)),
        ("bytes=10-19", slice(10, 20)),
        ("bytes=10-100000", slice(10, None)),
        ("bytes=-7", slice(-7, None)),
        ("bytes=-100000", slice(0, None)),
        ("Bytes = 3-4", slice(3, 5)),
    ],
)
def test_a_range_returns_a_part(
    api: Api, path: str, whole: Answer, asked: str, part: slice
) -> None:
    answer = api.request("GET", path, headers={"Range": asked})
    first, last, _ = part.indices(len(whole.body))
    assert (answer.status, answer.body) == (206, whole.body[part])
    size = len(whole.body)
    assert answer.headers["Content-Range"] == f"bytes {first}-{last - 1}/{size}"
    assert answer.headers["ETag"] == whole.headers["ETag"]


@pytest.mark.parametrize("asked", ["bytes=100000-", "bytes=5-4", "bytes=-0"])
def test_a_range_outside_of_the_file_is_refused(
    api: Api, path: str, whole: Answer, asked: str
) -> None:
    answer = api.request("GET", path, headers={"Range": asked})
    assert (answer.status, answer.body) == (416, b"")
    assert answer.headers["Content-Range"] == f"bytes */{len(whole.body)}"


@pytest.mark.parametrize("asked", ["bytes=0-1,3-4", "lines=0-1", "bytes=", "bytes=-", "x"])
def test_a_range_that_is_not_understood_is_ignored(
    api: Api, path: str, whole: Answer, asked: str
) -> None:
    answer = api.request("GET", path, headers={"Range": asked})
    assert (answer.status, answer.body) == (200, whole.body)


def test_a_range_is_for_the_file_with_the_tag(api: Api, path: str, whole: Answer) -> None:
    def ask(tag: str) -> Answer:
        return api.request("GET", path, headers={"Range": "bytes=1-", "If-Range": tag})

    assert ask(whole.headers["ETag"]).body == whole.body[1:]
    changed = ask('"another"')
    assert (changed.status, changed.body) == (200, whole.body)
