"""Download a file from the storage host that a link names.

The link is a secret of its own: it needs no credentials, so none are sent, and it is not in
errors and logs. An interrupted download continues where it stopped, in the same call or in
a later one: the request then has a ``Range``, and an ``If-Range`` with the entity tag of
the first response (RFC 9110, 13.1.5). Each retry uses a new link.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urljoin

from tokbox import errors
from tokbox.rest.http.backoff import check_cancelled
from tokbox.rest.http.partial_file import PartialFile
from tokbox.transport import hosts

if TYPE_CHECKING:
    from tokbox.rest.http.requester import Requester
    from tokbox.transport import Response

__all__ = ["Download", "Link"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS = 5
_BUSY = frozenset({429, 500, 502, 503, 504})
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Link:
    """The URL of a file, and the size of the file if the service sent one."""

    url: str
    size: int | None


class _NotThisResponse(Exception):
    """The body of the response is not needed: another request is."""


class _CallerError(Exception):
    """An error of the file or of *progress*, which the transport must not interpret."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class Download:
    """One download of the file *identity* to *target*.

    *find* returns a new link; its argument is the time left in seconds. *path* names the
    file in errors. *progress* is called with the number of bytes that are complete and the
    size of the file.
    """

    def __init__(
        self,
        requester: Requester,
        find: Callable[[float], Link],
        *,
        target: str,
        identity: str,
        path: str,
        progress: Callable[[int, int], object] | None,
    ) -> None:
        self._requester = requester
        self._find = find
        self._target = target
        self._identity = identity
        self._path = path
        self._progress = progress
        self._file: PartialFile | None = None
        self._size: int | None = None
        self._total = 0
        self._tag = ""
        self._has_begun = False

    def run(self, timeout: float) -> None:
        """Download the file within *timeout* seconds, with retries, and rename it."""
        end = self._requester.monotonic() + timeout
        retries = 0
        try:
            while True:
                link = self._find(self._left(end))
                before = self._complete
                try:
                    self._attempt(link, end)
                    break
                except (errors.TransportError, errors.APIError) as error:
                    failure = error
                left = end - self._requester.monotonic()
                if left <= 0:
                    raise self._timed_out(timeout) from failure.__cause__
                if self._complete > before:
                    retries = 0
                wait = self._requester.next_retry(retries)
                if not _may_retry(failure) or wait is None or wait >= left:
                    raise failure
                retries += 1
                self._requester.sleep(wait)
            assert self._file is not None, "the last attempt has opened it"
            self._file.rename()
        finally:
            if self._file is not None:
                self._file.close()

    @property
    def _complete(self) -> int:
        return 0 if self._file is None else self._file.size

    def _attempt(self, link: Link, end: float) -> None:
        """Receive the rest of the file."""
        self._size = link.size
        while not self._is_complete():
            with contextlib.suppress(_NotThisResponse):
                self._receive(link.url, end)
                if not self._is_complete():
                    self._fail("the storage host sent fewer bytes than it announced")

    def _is_complete(self) -> bool:
        return self._file is not None and self._file.size == self._total

    def _left(self, end: float) -> float:
        return max(end - self._requester.monotonic(), 0.001)

    def _receive(self, url: str, end: float) -> None:
        """Request the file, follow redirects, and write the body."""
        headers = {"accept-encoding": "identity"}
        if self._complete:
            headers["range"] = f"bytes={self._complete}-"
            if self._tag.startswith('"'):  # a weak tag does not identify bytes
                headers["if-range"] = self._tag
        before = self._requester.api_url
        for _ in range(_MAX_REDIRECTS + 1):
            origin = self._check(url, before)
            response = self._send(url, headers, end)
            if response.status not in _REDIRECTS:
                self._raise_for_status(response.status, origin)
                return
            before, url = url, _join(url, response.headers.get("location", ""))
        self._fail(f"the storage host redirects more than {_MAX_REDIRECTS} times")

    def _send(self, url: str, headers: Mapping[str, str], end: float) -> Response:
        self._has_begun = False
        try:
            response = self._requester.send_for_file(
                url, headers, self._begin, path=self._path, timeout=self._left(end)
            )
            if not self._has_begun:
                # The transport ignored the sink and returned the body.
                write = self._begin(response.status, response.headers)
                if write is not None:
                    write(response.body)
            return response
        except _CallerError as error:
            caused = error.error
        raise caused

    def _check(self, url: str, before: str) -> hosts.Origin:
        """Return the parts of *url*; refuse one to which *before* must not lead."""
        origin, source = hosts.parse(url), hosts.parse(before)
        assert source is not None, "it was checked before"
        if origin is None or origin.scheme not in ("http", "https") or origin.userinfo:
            self._fail("the link to the file is not an http:// or https:// URL")
        if origin.scheme == "http" and source.scheme == "https":
            self._fail(f"the link to the file leads to plain HTTP at {origin.netloc}")
        if hosts.is_loopback(origin.host) and not hosts.is_loopback(source.host):
            self._fail(f"the link to the file leads to this machine, {origin.netloc}")
        return origin

    def _begin(
        self, status: int, headers: Mapping[str, str]
    ) -> Callable[[bytes], object] | None:
        """Decide what happens to the body of a response; it is the transport's sink."""
        self._has_begun = True
        if status == 206:
            self._continue(headers)
            return self._write
        if status == 200:
            self._restart(headers)
            return self._write
        return None

    def _continue(self, headers: Mapping[str, str]) -> None:
        found = _CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
        part = None if found is None else (int(found[1]), int(found[2]))
        tag = headers.get("etag", self._tag)
        wanted = (self._complete, self._total)
        if self._file is None or part != wanted or tag != self._tag:
            self._truncate()
            self._fail("the storage host sent another part of the file than requested")

    def _truncate(self) -> None:
        if self._file is not None:
            self._file.truncate()

    def _restart(self, headers: Mapping[str, str]) -> None:
        length = headers.get("content-length", "")
        total = int(length) if re.fullmatch("[0-9]{1,18}", length) else self._size
        if total is None:
            self._fail("neither the service nor the storage host sent the file's size")
        if self._size is not None and total != self._size:
            self._fail(
                f"the file has {total} bytes, but the service announced {self._size}"
            )
        tag = headers.get("etag", "")
        if self._file is not None:
            if (total, tag) == (self._total, self._tag):
                # The storage host has no ranges.
                self._file.truncate()
                return
            self._file.discard()
        self._total, self._tag = total, tag
        try:
            self._file = PartialFile(self._target, f"{self._identity} {total} {tag}")
        except OSError as error:
            raise _CallerError(error) from None
        if self._file.size > total:
            self._file.truncate()
        self._report()
        if self._file.size:
            raise _NotThisResponse

    def _write(self, piece: bytes) -> None:
        assert self._file is not None, "it was opened for the response"
        check_cancelled()
        if self._requester.is_closed:
            raise errors.ClosedError("this client is closed: create another one")
        if self._file.size + len(piece) > self._total:
            self._file.truncate()
            self._fail("the storage host sent more bytes than it announced")
        try:
            self._file.write(piece)
        except OSError as error:
            error.filename = self._target
            raise _CallerError(error) from None
        self._report()

    def _report(self) -> None:
        if self._progress is not None:
            try:
                self._progress(self._complete, self._total)
            except Exception as error:
                raise _CallerError(error) from None

    def _raise_for_status(self, status: int, origin: hosts.Origin) -> None:
        if status in (200, 206):
            return
        if status == 416:
            self._truncate()
            self._fail(f"{origin.netloc} does not have the requested part of the file")
        raise (errors.NotFoundError if status == 404 else errors.APIError)(
            status=status,
            method="GET",
            path=self._path,
            message=f"the storage host {origin.netloc} did not send the file",
        )

    def _timed_out(self, timeout: float) -> errors.RequestTimeoutError:
        size = f" of {self._total}" if self._file is not None else ""
        return errors.RequestTimeoutError(
            f"the timeout of {timeout:g} s passed after {self._complete}{size} bytes; "
            "another download to the same path continues there",
            method="GET",
            path=self._path,
        )

    def _fail(self, problem: str) -> NoReturn:
        raise errors.ProtocolError(problem, method="GET", path=self._path)


def _may_retry(error: errors.TransportError | errors.APIError) -> bool:
    if isinstance(error, errors.APIError):
        return error.status in _BUSY
    return not isinstance(error, errors.TLSError)


def _join(url: str, location: str) -> str:
    """Return the target of a redirect, or an empty string if it is not a URL."""
    with contextlib.suppress(ValueError):
        return urljoin(url, location)
    return ""
