"""Downloads of archives: what is requested, resumed, checked and refused."""

from __future__ import annotations

import asyncio
import os
import re
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.rest.resources.test_archives import STARTED
from tests.rest.test_sessions import answers
from tests.support.faulty import Exchange, FaultyServer, Step, answer, raw, silence
from tests.support.rest import KEY, SECRET, Script, traceback_of
from tokbox import AsyncTokbox, Tokbox, errors
from tokbox.transport import HTTPTransport, Request, Response

ID = STARTED["id"]
#: More than one chunk.
CONTENT = bytes(range(256)) * 1024
SIGNATURE = "canary0signature0canary"
TAG = '"tag-1"'


class Storage:
    """An API and a storage host on one port. The storage host plays *steps*, then serves."""

    def __init__(self, content: bytes = CONTENT) -> None:
        self.content = content
        self.tag = TAG
        self.steps: list[Step] = []
        self.archive: dict[str, Any] = {"size": len(content), "status": "available"}
        self.url: str | None = None
        self.links = 0

    def __enter__(self) -> Storage:
        self.server = FaultyServer(self._answer)
        return self

    def __exit__(self, *_: object) -> None:
        self.server.__exit__(*_)

    def link(self) -> str:
        self.links += 1
        return f"{self.server.url}/file?link={self.links}&signature={SIGNATURE}"

    @property
    def files(self) -> list[dict[str, str]]:
        """The headers of the requests for the file."""
        return [each.headers for each in self.server.requests if "/file" in each.target]

    def _answer(self, exchange: Exchange) -> None:
        if exchange.request.target.startswith("/v2/"):
            url = self.url if self.url is not None else self.link()
            answer(200, {**STARTED, "url": url, **self.archive})(exchange)
        elif self.steps:
            self.steps.pop(0)(exchange)
        else:
            self.serve(exchange)

    def serve(self, exchange: Exchange) -> None:
        asked = exchange.request.headers
        headers = {"ETag": self.tag} if self.tag else {}
        found = re.fullmatch(r"bytes=(\d+)-", asked.get("range", ""))
        if found is None or asked.get("if-range", self.tag) != self.tag:
            answer(200, self.content, headers)(exchange)
            return
        first, size = int(found[1]), len(self.content)
        headers["Content-Range"] = f"bytes {first}-{size - 1}/{size}"
        answer(206, self.content[first:], headers)(exchange)

    def broken_after(self, length: int, **more: str) -> Step:
        """Promise the whole file, and close the connection after *length* bytes."""
        headers = {"ETag": self.tag, "Content-Length": str(len(self.content)), **more}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
        return raw(f"HTTP/1.1 200 OK\r\n{head}\r\n".encode() + self.content[:length])


@pytest.fixture
def storage() -> Iterator[Storage]:
    with Storage() as storage:
        yield storage


@pytest.fixture
def tb(storage: Storage) -> Iterator[Tokbox]:
    with Tokbox(KEY, SECRET, storage.server.url, retries=2) as tb:
        tb._requester.sleep = lambda seconds: None
        tb._requester._jitter = lambda low, high: low
        yield tb


def hidden(folder: Path) -> list[Path]:
    return [each for each in folder.iterdir() if each.name.startswith(".")]


def test_a_file_is_complete_under_its_name_and_private(
    tb: Tokbox, storage: Storage, tmp_path: Path
) -> None:
    calls: list[tuple[int, int]] = []
    target = tmp_path / "meeting.mp4"
    path = tb.archives.download(ID, target, progress=lambda *call: calls.append(call))
    assert (path, path.read_bytes()) == (target, CONTENT)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [target]
    assert calls[0] == (0, len(CONTENT))
    assert calls[-1] == (len(CONTENT), len(CONTENT))
    assert len(calls) > 2
    assert sorted(calls) == calls


def test_a_path_can_be_text_and_a_file_there_is_replaced_with_its_mode(
    tb: Tokbox, tmp_path: Path
) -> None:
    target = tmp_path / "meeting.mp4"
    target.write_bytes(b"before")
    target.chmod(0o640)
    tb.archives.download(ID, str(target))
    assert target.read_bytes() == CONTENT
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_the_storage_host_gets_no_credentials(
    tb: Tokbox, storage: Storage, tmp_path: Path
) -> None:
    tb.archives.download(ID, tmp_path / "a.mp4")
    (headers,) = storage.files
    assert headers.keys() == {"host", "user-agent", "accept-encoding"}
    assert headers["accept-encoding"] == "identity"


def test_the_link_is_not_in_errors_and_logs(
    tb: Tokbox, storage: Storage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    storage.steps = [answer(403, f"<Error>{SIGNATURE}</Error>")] * 3
    with caplog.at_level("DEBUG", "tokbox"), pytest.raises(errors.APIError) as caught:
        tb.archives.download(ID, tmp_path / "a.mp4")
    assert "the storage host 127.0.0.1:" in str(caught.value)
    assert caught.value.status == 403
    assert not isinstance(caught.value, errors.AuthenticationError)
    for text in (traceback_of(caught.value), caplog.text, repr(caught.value)):
        assert SIGNATURE not in text


@pytest.mark.parametrize("length", [1, 65_536, len(CONTENT) - 1])
def test_a_broken_connection_is_continued_with_a_new_link(
    tb: Tokbox, storage: Storage, tmp_path: Path, length: int
) -> None:
    storage.steps = [storage.broken_after(length)]
    path = tb.archives.download(ID, tmp_path / "a.mp4")
    assert path.read_bytes() == CONTENT
    first, second = storage.files
    assert "range" not in first
    assert (second["range"], second["if-range"]) == (f"bytes={length}-", TAG)
    links = [each.target for each in storage.server.requests if "/file" in each.target]
    assert len(set(links)) == 2


def test_progress_resets_the_count_of_retries(
    tb: Tokbox, storage: Storage, tmp_path: Path
) -> None:
    def part(first: int, last: int) -> Step:
        size = len(CONTENT)
        head = (
            f"HTTP/1.1 206 Partial\r\nETag: {TAG}\r\nContent-Length: {size - first}\r\n"
            f"Content-Range: bytes {first}-{size - 1}/{size}\r\n\r\n"
        )
        return raw(head.encode() + CONTENT[first:last])

    storage.steps = [
        storage.broken_after(10),
        *(part(at, at + 10) for at in range(10, 60, 10)),
    ]
    assert tb.archives.download(ID, tmp_path / "a.mp4").read_bytes() == CONTENT


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_storage_host_is_asked_again(
    tb: Tokbox, storage: Storage, tmp_path: Path, status: int
) -> None:
    storage.steps = [answer(status), answer(status)]
    assert tb.archives.download(ID, tmp_path / "a.mp4").read_bytes() == CONTENT
    storage.steps = [answer(status)] * 3
    with pytest.raises(errors.APIError, match=f": {status}: the storage host"):
        tb.archives.download(ID, tmp_path / "a.mp4")


@pytest.mark.parametrize(
    ("status", "kind"), [(400, errors.APIError), (404, errors.NotFoundError)]
)
def test_a_refusal_of_the_storage_host_is_final(
    tb: Tokbox, storage: Storage, tmp_path: Path, status: int, kind: type[Exception]
) -> None:
    storage.steps = [answer(status)]
    with pytest.raises(kind, match="did not send the file"):
        tb.archives.download(ID, tmp_path / "a.mp4")
    assert len(storage.files) == 1
    assert list(tmp_path.iterdir()) == []


def test_another_call_continues_where_one_stopped(storage: Storage, tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    storage.steps = [storage.broken_after(100_000)]
    with (
        Tokbox(KEY, SECRET, storage.server.url, retries=0) as tb,
        pytest.raises(errors.ProtocolError, match="broke"),
    ):
        tb.archives.download(ID, target)
    assert not target.exists()
    (part,) = hidden(tmp_path)
    assert (part.stat().st_size, part.stat().st_mode & 0o777) == (100_000, 0o600)
    calls: list[int] = []
    with Tokbox(KEY, SECRET, storage.server.url, retries=0) as tb:
        tb.archives.download(ID, target, progress=lambda done, total: calls.append(done))
    assert target.read_bytes() == CONTENT
    assert storage.files[-1]["range"] == "bytes=100000-"
    assert calls[0] == 100_000
    assert list(tmp_path.iterdir()) == [target]


def test_a_part_that_is_complete_is_only_renamed(
    tb: Tokbox, storage: Storage, tmp_path: Path
) -> None:
    target = tmp_path / "a.mp4"

    def stop(done: int, total: int) -> None:
        if done == total:
            raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        tb.archives.download(ID, target, progress=stop)
    (part,) = hidden(tmp_path)
    assert part.stat().st_size == len(CONTENT)
    assert tb.archives.download(ID, target).read_bytes() == CONTENT
    assert all("range" not in each for each in storage.files)


def test_a_part_that_is_too_long_is_not_used(
    tb: Tokbox, storage: Storage, tmp_path: Path
) -> None:
    target = tmp_path / "a.mp4"
    storage.steps = [storage.broken_after(10), answer(404)]
    with pytest.raises(errors.NotFoundError):
        tb.archives.download(ID, target)
    (part,) = hidden(tmp_path)
    part.write_bytes(CONTENT + b"more")
    assert tb.archives.download(ID, target).read_bytes() == CONTENT


@pytest.mark.parametrize("length", [10, 0])
def test_a_file_that_changed_is_downloaded_from_the_start(
    tb: Tokbox, storage: Storage, tmp_path: Path, length: int
) -> None:
    def change(exchange: Exchange) -> None:
        storage.broken_after(length)(exchange)
        storage.tag, storage.content = '"tag-2"', CONTENT[::-1]

    storage.steps = [change]
    assert tb.archives.download(ID, tmp_path / "a.mp4").read_bytes() == CONTENT[::-1]
    assert hidden(tmp_path) == []


@pytest.mark.parametrize("tag", ["", 'W/"weak"'])
def test_without_a_strong_tag_a_range_has_no_condition(
    tb: Tokbox, storage: Storage, tmp_path: Path, tag: str
) -> None:
    storage.tag = tag
    storage.steps = [storage.broken_after(10)]
    assert tb.archives.download(ID, tmp_path / "a.mp4").read_bytes() == CONTENT
    assert storage.files[-1]["range"] == "bytes=10-"
    assert "if-range" not in storage.files[-1]


def test_a_storage_host_without_ranges_sends_everything_again(
    tb: Tokbox, storage: Storage, tmp_path: Path
) -> None:
    everything = answer(200, CONTENT, {"ETag": TAG})
    storage.steps = [storage.broken_after(10), everything]
    assert tb.archives.download(ID, tmp_path / "a.mp4").read_bytes() == CONTENT


SIZE = len(CONTENT)
WRONG_PARTS = {
    "other-start": {"Content-Range": f"bytes 11-{SIZE - 1}/{SIZE}"},
    "other-size": {"Content-Range": f"bytes 10-{SIZE}/{SIZE + 1}"},
    "no-range": {},
    "other-tag": {"Content-Range": f"bytes 10-{SIZE - 1}/{SIZE}", "ETag": '"tag-2"'},
}


@pytest.mark.parametrize("headers", WRONG_PARTS.values(), ids=WRONG_PARTS)
def test_a_wrong_part_is_not_appended(
    tb: Tokbox, storage: Storage, tmp_path: Path, headers: dict[str, str]
) -> None:
    wrong = answer(206, b"x" * (SIZE - 10), headers)
    storage.steps = [storage.broken_after(10), wrong]
    assert tb.archives.download(ID, tmp_path / "a.mp4").read_bytes() == CONTENT


@pytest.mark.parametrize("begun", [True, False])
def test_a_part_that_the_host_does_not_have_is_requested_as_a_whole(
    tb: Tokbox, storage: Storage, tmp_path: Path, begun: bool
) -> None:
    broken = [storage.broken_after(10)] if begun else []
    storage.steps = [*broken, answer(416)]
    assert tb.archives.download(ID, tmp_path / "a.mp4").read_bytes() == CONTENT
    assert "range" not in storage.files[-1]


def test_a_part_that_was_not_requested_is_refused(
    tb: Tokbox, storage: Storage, tmp_path: Path
) -> None:
    headers = {"Content-Range": "bytes 0-0/0"}
    storage.steps = [answer(206, b"x", headers)] * 3
    with pytest.raises(errors.ProtocolError, match="another part"):
        tb.archives.download(ID, tmp_path / "a.mp4")


@pytest.mark.parametrize("announced", [SIZE + 1, SIZE - 1])
def test_a_file_of_another_size_than_announced_is_refused(
    tb: Tokbox, storage: Storage, tmp_path: Path, announced: int
) -> None:
    storage.archive["size"] = announced
    with pytest.raises(
        errors.ProtocolError,
        match=f"has {SIZE} bytes, but the service announced {announced}",
    ):
        tb.archives.download(ID, tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunked(content: bytes) -> Step:
    return raw(CHUNKED + f"{len(content):x}\r\n".encode() + content + b"\r\n0\r\n\r\n")


def test_a_response_without_a_length_has_the_announced_size(
    tb: Tokbox, storage: Storage, tmp_path: Path
) -> None:
    storage.steps = [chunked(CONTENT)]
    assert tb.archives.download(ID, tmp_path / "a.mp4").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("content", "problem"),
    [(CONTENT[:-1], "fewer bytes than it announced"), (CONTENT + b"x", "more bytes")],
)
def test_a_response_without_a_length_must_have_the_announced_size(
    tb: Tokbox, storage: Storage, tmp_path: Path, content: bytes, problem: str
) -> None:
    storage.tag = ""
    storage.content = content
    storage.steps = [chunked(content)] * 3
    with pytest.raises(errors.ProtocolError, match=problem):
        tb.with_options(retries=0).archives.download(ID, tmp_path / "a.mp4")


def test_a_file_without_any_size_is_refused(
    tb: Tokbox, storage: Storage, tmp_path: Path
) -> None:
    storage.archive["size"] = None
    storage.steps = [chunked(CONTENT)] * 3
    with pytest.raises(errors.ProtocolError, match="sent the file's size"):
        tb.archives.download(ID, tmp_path / "a.mp4")
    assert tb.archives.download(ID, tmp_path / "a.mp4").read_bytes() == CONTENT


def test_an_empty_file_is_downloaded(tb: Tokbox, storage: Storage, tmp_path: Path) -> None:
    storage.content, storage.archive["size"] = b"", 0
    calls: list[tuple[int, int]] = []
    path = tb.archives.download(
        ID, tmp_path / "a.mp4", progress=lambda *call: calls.append(call)
    )
    assert (path.read_bytes(), calls) == (b"", [(0, 0)])


# Redirects.


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_without_credentials(
    tb: Tokbox, storage: Storage, tmp_path: Path, status: int
) -> None:
    with Storage() as other:
        location = {"Location": f"{other.server.url}/file?signature={SIGNATURE}"}
        storage.steps = [
            answer(status, b"", {"Location": "/file/elsewhere"}),
            answer(status, b"", location),
        ]
        assert tb.archives.download(ID, tmp_path / "a.mp4").read_bytes() == CONTENT
        (headers,) = other.files
        assert headers.keys() == {"host", "user-agent", "accept-encoding"}
    # The connection to the API still works.
    assert tb.archives.get(ID).id == ID


REFUSED = {
    "ftp://127.0.0.1/file": "not an http:// or https:// URL",
    "http://user:password@127.0.0.1:{port}/file": "not an http:// or https:// URL",
    "http://[bad": "not an http:// or https:// URL",
    "": "redirects more than 5 times",
}


@pytest.mark.parametrize(("location", "problem"), REFUSED.items(), ids=range(len(REFUSED)))
def test_an_unsafe_redirect_is_refused(
    tb: Tokbox, storage: Storage, tmp_path: Path, location: str, problem: str
) -> None:
    headers = {"Location": location.format(port=storage.server.port)}
    storage.steps = [answer(302, b"", headers)] * 6
    with pytest.raises(errors.TransportError, match=problem):
        tb.with_options(retries=0).archives.download(ID, tmp_path / "a.mp4")


@pytest.mark.parametrize(
    ("api_url", "link", "problem"),
    [
        ("https://api.example.test", "http://files.example.test/f", "plain HTTP at files"),
        ("https://api.example.test", "https://localhost/f", "leads to this machine"),
        ("https://api.example.test", "https://127.0.0.1/f", "leads to this machine"),
        ("https://api.example.test", "/f", "not an http:// or https:// URL"),
    ],
)
def test_a_link_is_as_safe_as_the_api(
    tmp_path: Path, api_url: str, link: str, problem: str
) -> None:
    script = Script(answers({**STARTED, "status": "available", "url": link}))
    with (
        Tokbox(KEY, SECRET, api_url, transport=script, retries=0) as tb,
        pytest.raises(errors.ProtocolError, match=problem),
    ):
        tb.archives.download(ID, tmp_path / "a.mp4")
    assert len(script.requests) == 1


# The archive, and the arguments.


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        ("started", r"when it is available, see archives.wait\(\)"),
        ("deleted", "will not become available"),
        ("expired", "72 hours"),
        ("uploaded", "in the storage target"),
    ],
)
def test_only_an_available_archive_is_downloaded(
    tb: Tokbox, storage: Storage, tmp_path: Path, status: str, problem: str
) -> None:
    storage.archive["status"] = status
    with pytest.raises(errors.ArchiveStatusError, match=problem) as caught:
        tb.archives.download(ID, tmp_path / "a.mp4")
    assert (caught.value.archive_id, caught.value.status) == (ID, status)


def test_an_available_archive_without_a_link_is_refused(
    tb: Tokbox, storage: Storage, tmp_path: Path
) -> None:
    storage.url = ""
    with pytest.raises(errors.ProtocolError, match="no link to the file"):
        tb.archives.download(ID, tmp_path / "a.mp4")


def test_bad_arguments_are_refused_before_anything_is_sent(
    tb: Tokbox, storage: Storage, tmp_path: Path
) -> None:
    folder, pipe = tmp_path, tmp_path / "pipe"
    os.mkfifo(pipe)
    bad: list[tuple[Any, str]] = [
        (5, "path must be a str or an os.PathLike, not 5"),
        ("", "path of a file"),
        ("a\0b", "path of a file"),
        (folder, "name a regular file"),
        (pipe, "name a regular file"),
        (folder / "missing" / "a.mp4", "in a folder that exists"),
    ]
    for path, problem in bad:
        with pytest.raises(errors.InvalidInputError, match=problem):
            tb.archives.download(ID, path)
    with pytest.raises(errors.InvalidInputError, match="progress must be a function"):
        tb.archives.download(ID, folder / "a.mp4", progress=5)  # type: ignore[arg-type]
    with pytest.raises(errors.InvalidInputError, match="timeout must be"):
        tb.archives.download(ID, folder / "a.mp4", timeout=0)
    assert storage.server.requests == []


# Errors of the caller's side.


def test_an_error_of_progress_is_the_callers(tb: Tokbox, tmp_path: Path) -> None:
    def fail(done: int, total: int) -> None:
        raise OSError("of the caller")

    with pytest.raises(OSError, match="of the caller"):
        tb.archives.download(ID, tmp_path / "a.mp4", progress=fail)


def test_progress_can_send_other_requests(
    tb: Tokbox, storage: Storage, tmp_path: Path
) -> None:
    found: list[str] = []
    tb.archives.download(
        ID,
        tmp_path / "a.mp4",
        progress=lambda done, total: found.append(tb.archives.get(ID, timeout=5).id),
    )
    assert set(found) == {ID}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is full")
def test_a_full_disk_is_an_error_of_the_file(
    tb: Tokbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_full(path: str, flags: int) -> int:
        return os.open("/dev/full", os.O_RDWR)

    monkeypatch.setattr("tokbox.rest.http.partial_file.open_private", open_full)
    monkeypatch.setattr("os.path.samestat", lambda *both: True)
    (tmp_path / "x").touch()
    monkeypatch.setattr(
        "tokbox.rest.http.partial_file.sidecar", lambda *_: str(tmp_path / "x")
    )
    with pytest.raises(OSError, match="No space left") as caught:
        tb.archives.download(ID, tmp_path / "a.mp4")
    assert caught.value.filename == str(tmp_path / "a.mp4")


def test_two_downloads_do_not_write_to_one_file(
    tb: Tokbox, storage: Storage, tmp_path: Path
) -> None:
    target = tmp_path / "a.mp4"
    caught: list[BaseException] = []

    def again(done: int, total: int) -> None:
        if not caught:
            with pytest.raises(BlockingIOError, match="another download") as error:
                tb.archives.download(ID, target)
            caught.append(error.value)

    assert tb.archives.download(ID, target, progress=again).read_bytes() == CONTENT
    (error,) = caught
    assert isinstance(error, OSError)
    assert error.filename == str(target)


def test_a_part_that_another_download_renamed_is_opened_again(
    tb: Tokbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tokbox.rest.http import partial_file

    opened: list[str] = []
    original = partial_file.open_private

    def renamed_meanwhile(path: str, flags: int) -> int:
        descriptor = original(path, flags)
        if not opened:
            os.rename(path, tmp_path / "done")
        opened.append(path)
        return descriptor

    monkeypatch.setattr(partial_file, "open_private", renamed_meanwhile)
    target = tmp_path / "a.mp4"
    assert tb.archives.download(ID, target).read_bytes() == CONTENT
    assert len(opened) == 2
    assert (tmp_path / "done").read_bytes() == b""


# Time, and the end of the client.


def test_the_time_limit_is_for_the_whole_download(
    tb: Tokbox, storage: Storage, tmp_path: Path
) -> None:
    storage.steps = [storage.broken_after(10), silence]
    with pytest.raises(
        errors.RequestTimeoutError, match=f"0.5 s passed after 10 of {SIZE} bytes"
    ):
        tb.archives.download(ID, tmp_path / "a.mp4", timeout=0.5)
    assert tb.archives.download(ID, tmp_path / "a.mp4").read_bytes() == CONTENT


def test_the_time_limit_can_pass_before_the_first_byte(
    tb: Tokbox, storage: Storage, tmp_path: Path
) -> None:
    storage.steps = [silence]
    with pytest.raises(errors.RequestTimeoutError, match="passed after 0 bytes"):
        tb.archives.download(ID, tmp_path / "a.mp4", timeout=0.3)


def test_a_closed_client_downloads_no_more(
    tb: Tokbox, storage: Storage, tmp_path: Path
) -> None:
    with pytest.raises(errors.ClosedError):
        tb.archives.download(
            ID, tmp_path / "a.mp4", progress=lambda done, total: tb.close()
        )


def test_a_client_that_is_closed_between_requests_sends_no_more(
    tb: Tokbox, storage: Storage
) -> None:
    tb.close()
    with pytest.raises(errors.ClosedError):
        tb._requester.send_for_file(
            storage.link(), {}, lambda *_: None, path="/x", timeout=5
        )


# Other transports.


def test_a_callers_pool_is_used(storage: Storage, tmp_path: Path) -> None:
    with urllib3.PoolManager(headers={"X-Secret": "canary"}) as pool:
        with Tokbox(KEY, SECRET, storage.server.url, http=pool) as tb:
            path = tb.archives.download(ID, tmp_path / "a.mp4")
        assert path.read_bytes() == CONTENT
    (headers,) = storage.files
    assert headers.keys() == {"host", "user-agent", "accept-encoding"}


def test_a_wrapper_of_the_transport_sees_the_request(
    storage: Storage, tmp_path: Path
) -> None:
    seen: list[Request] = []

    class Wrapper:
        def __init__(self) -> None:
            self._inner = HTTPTransport(trust_env=False)

        def send(self, request: Request) -> Response:
            seen.append(request)
            return self._inner.send(request)

        def close(self) -> None:
            self._inner.close()

    with Tokbox(KEY, SECRET, storage.server.url, transport=Wrapper()) as tb:
        path = tb.archives.download(ID, tmp_path / "a.mp4")
    assert path.read_bytes() == CONTENT
    assert [request.sink is not None for request in seen] == [False, True]


def test_a_transport_without_sinks_returns_the_file(tmp_path: Path) -> None:
    archive = {**STARTED, "status": "available", "size": 3, "url": "https://f.test/f"}
    script = Script(
        answers(archive),
        Response(302, {"location": "/g"}, b"elsewhere"),
        Response(200, {}, b"abc"),
    )
    with Tokbox(KEY, SECRET, transport=script) as tb:
        assert tb.archives.download(ID, tmp_path / "a.mp4").read_bytes() == b"abc"
    assert [each.url for each in script.requests[1:]] == [
        "https://f.test/f",
        "https://f.test/g",
    ]
    assert all("x-opentok-auth" not in each.headers for each in script.requests[1:])


# asyncio.


def test_an_async_download_does_not_block_the_loop(
    storage: Storage, tmp_path: Path
) -> None:
    may_go_on = threading.Event()

    def held(exchange: Exchange) -> None:
        may_go_on.wait(30)
        storage.serve(exchange)

    storage.steps = [held]

    async def main() -> Path:
        async with AsyncTokbox(KEY, SECRET, storage.server.url) as tb:
            task = asyncio.create_task(tb.archives.download(ID, tmp_path / "a.mp4"))
            while not storage.files:
                await asyncio.sleep(0.01)
            may_go_on.set()
            return await task

    assert asyncio.run(main()).read_bytes() == CONTENT


def test_a_cancelled_download_stops_at_the_next_chunk(
    storage: Storage, tmp_path: Path
) -> None:
    begun, may_go_on = threading.Event(), threading.Event()
    calls: list[int] = []

    def hold(done: int, total: int) -> None:
        calls.append(done)
        begun.set()
        may_go_on.wait(30)

    async def main() -> None:
        async with AsyncTokbox(KEY, SECRET, storage.server.url) as tb:
            task = asyncio.create_task(
                tb.archives.download(ID, tmp_path / "a.mp4", progress=hold)
            )
            await asyncio.to_thread(begun.wait, 30)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            may_go_on.set()

    asyncio.run(main())
    assert calls == [0]
    assert not (tmp_path / "a.mp4").exists()
