"""Archives (recordings of sessions) and their storage."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from tokbox.enums import OutputMode
from tokbox.errors import (
    ArchiveStatusError,
    InvalidInputError,
    ProtocolError,
    RequestTimeoutError,
)
from tokbox.lazy import set_module
from tokbox.literals import ArchiveStatusName, OutputModeName, StorageFallback
from tokbox.pickling import PickledByName
from tokbox.response_enums import ArchiveReason, ArchiveStatus, TranscriptionStatus
from tokbox.rest.models.base import (
    Record,
    bool_field,
    enum_field,
    int_field,
    nested_field,
    str_field,
)
from tokbox.rest.resources.compositions import Composed, Composition, Compositions, compose
from tokbox.rest.resources.storage import storage_target
from tokbox.rest.validation import (
    boolean,
    choice,
    integer,
    nested,
    omit_none,
    optional,
    seconds,
    set_fields,
    string,
)
from tokbox.secrecy import strip_traceback

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from tokbox.rest.http.download import Link
    from tokbox.rest.resources.storage import AzureStorage, S3Storage

__all__ = ["Archive", "Archives", "Transcription", "TranscriptionProperties"]


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class Transcription(Record):
    """The status of an archive's transcription, and its URL."""

    status: TranscriptionStatus | str = enum_field(
        TranscriptionStatus, aliases={"error": TranscriptionStatus.FAILED}
    )
    reason: str = str_field()
    #: Valid for ten minutes, for any holder. It is therefore not in the repr.
    url: str = str_field(secret=True)
    primary_language_code: str = str_field()
    has_summary: bool | None = bool_field()


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class Archive(Composed):
    """The state of an archive at the time of the response.

    ``created_ms`` is exact in the response to ``start``. In later responses it is rounded
    to seconds and is the time when recording actually started.
    """

    _label = "an archive"
    _required = ("id", "status")

    status: ArchiveStatus | str = enum_field(ArchiveStatus)
    #: Why it stopped; empty while it is running.
    reason: ArchiveReason | str = enum_field(ArchiveReason)
    name: str = str_field()
    event: str = str_field()
    #: Size in bytes and duration in seconds; 0 while it is running.
    size: int | None = int_field()
    duration: int | None = int_field()
    output_mode: OutputMode | str = enum_field(OutputMode)
    multi_archive_tag: str = str_field()
    #: The download URL, if the archive is available. It is valid for ten minutes, for any
    #: holder, and is therefore not in the repr. Every get() returns a new one.
    url: str = str_field(secret=True)
    sha256sum: str = str_field()
    #: The password of an encrypted archive.
    password: str = str_field(secret=True)
    certificate: str = str_field(secret=True)
    quantization_parameter: int | None = int_field()
    has_transcription: bool | None = bool_field()
    transcription: Transcription | None = nested_field(Transcription)


@set_module("tokbox")
@strip_traceback
@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionProperties(PickledByName):
    """Options for the transcription of an archive."""

    #: A BCP 47 tag. The service's default is ``en-US``.
    primary_language_code: str | None = None
    has_summary: bool | None = None

    def __post_init__(self) -> None:
        code = self.primary_language_code
        code = optional(string, "primary_language_code", code, min_length=1)
        set_fields(self, primary_language_code=code)
        optional(boolean, "has_summary", self.has_summary)

    def _to_json(self) -> dict[str, Any]:
        """Return the JSON object for the request."""
        return omit_none(
            primaryLanguageCode=self.primary_language_code, hasSummary=self.has_summary
        )


@set_module("tokbox.types")
class Archives(Compositions[Archive]):
    """The archives of a project, available as ``tb.archives``."""

    __slots__ = ()

    _noun = "archives"
    _kind = Archive
    _segment = "archive"
    _id_field = "archive_id"

    def start(
        self,
        session_id: str,
        *,
        name: str | None = None,
        output_mode: OutputMode | OutputModeName = OutputMode.COMPOSED,
        multi_archive_tag: str | None = None,
        quantization_parameter: int | None = None,
        has_transcription: bool = False,
        transcription_properties: TranscriptionProperties | None = None,
        timeout: float | None = None,
        **composition: Unpack[Composition],
    ) -> Archive:
        """Start recording a routed session that has a connected client.

        For the other options (audio and video, streams, resolution, layout, bit rate) see
        :class:`~tokbox.rest.resources.compositions.Composition`. A composed archive can
        have a *quantization_parameter* (15 to 40) instead of a bit rate. To record a
        session more than once at the same time, give each archive a different
        *multi_archive_tag*. *has_transcription* needs audio, and according to the service's
        documentation ``output_mode="individual"``; ``transcription`` of the archive has the
        status.

        Raises ``NotFoundError`` if no client is connected, ``ConflictError`` if the session
        is relayed or already being recorded under the same tag.
        """
        session_id = self._check_session(session_id)
        output = choice("output_mode", output_mode, OutputMode)
        body = {
            "sessionId": session_id,
            "outputMode": output,
            **compose(**composition),
            **omit_none(
                name=optional(string, "name", name),
                multiArchiveTag=optional(
                    string, "multi_archive_tag", multi_archive_tag, min_length=1
                ),
                quantizationParameter=optional(
                    integer, "quantization_parameter", quantization_parameter, 15, 40
                ),
                # One SDK rejects this for composed archives; others send it.
                hasTranscription=boolean("has_transcription", has_transcription) or None,
                transcriptionProperties=optional(
                    nested,
                    "transcription_properties",
                    transcription_properties,
                    TranscriptionProperties,
                ),
            ),
        }
        if "quantizationParameter" in body and "maxBitrate" in body:
            field, rule = "quantization_parameter", "not be given together with max_bitrate"
            raise InvalidInputError(field, quantization_parameter, rule)
        if output != OutputMode.COMPOSED:
            for property_, field in _COMPOSED_ONLY.items():
                if property_ in body:
                    rule = "not be given for an individual archive"
                    raise InvalidInputError(field, body[property_], rule)
        return self._request(Archive, "POST", self._path, body, timeout)

    def stop(self, id: str, /, *, timeout: float | None = None) -> Archive:
        """Stop an archive. Stopping a stopped archive again is not an error.

        Raises ``NotFoundError`` if the archive is unknown, ``ConflictError`` if its status
        no longer allows it. Archives of sessions with ``ArchiveMode.ALWAYS`` stop
        automatically.
        """
        return self._request(Archive, "POST", self._item_path(id, "/stop"), None, timeout)

    def delete(self, id: str, /, *, timeout: float | None = None) -> None:
        """Delete an archive that is available, uploaded or deleted.

        Raises ``ConflictError`` if the archive has another status, ``NotFoundError`` if it
        is unknown. If ``.attempts`` of a ``NotFoundError`` is above 1, an earlier attempt
        may have deleted the archive and its response may have been lost.
        """
        self._requester.request("DELETE", self._item_path(id), timeout=timeout)

    def wait(
        self,
        id: str,
        /,
        *,
        until: ArchiveStatusName = "available",
        timeout: float = 600.0,
    ) -> Archive:
        """Wait until an archive has a status, and return the archive.

        *until* is the status: ``available`` (the default), ``uploaded`` for a project with
        a storage target, or ``started``, ``paused`` or ``stopped``. An archive that is
        available or uploaded has also stopped. *timeout* is the limit in seconds for the
        whole wait (default 600). The archive is requested after half a second, and then
        less often, at most every ten seconds::

            archive = tb.archives.stop(archive_id)
            archive = tb.archives.wait(archive.id)
            tb.archives.download(archive.id, "meeting.mp4")

        Raises ``ArchiveStatusError`` at once if the archive can no longer get this status,
        because it has failed, for example. Raises ``RequestTimeoutError`` if it does not
        have the status in time, and the errors of ``get``.
        """
        steps = self._wait_steps(id, until, timeout)
        while True:
            try:
                wait = next(steps)
            except StopIteration as end:
                archive: Archive = end.value
                return archive
            self._requester.sleep(wait)

    def _wait_steps(
        self, id: str, until: ArchiveStatusName, timeout: float
    ) -> Generator[float, None, Archive]:
        """Yield the seconds to wait before each next request; return the archive."""
        until_status = choice("until", until, get_args(ArchiveStatusName))
        timeout = seconds("timeout", timeout)
        requester, path = self._requester, self._item_path(id)
        end = requester.monotonic() + timeout
        # The last request is sent a little before the end, so that it can be answered.
        last = end - min(1.0, timeout / 10)
        wait = _FIRST_WAIT
        while True:
            left = max(end - requester.monotonic(), 0.001)
            archive = self.get(id, timeout=min(left, requester.timeout))
            if archive.status in _REACHED.get(until_status, (until_status,)):
                return archive
            _check_reachable(archive, until_status)
            left = last - requester.monotonic()
            if left <= 0:
                raise RequestTimeoutError(
                    f"the archive is {archive.status} and not {until_status} after "
                    f"{timeout:g} s; wait longer with timeout=",
                    method="GET",
                    path=path,
                )
            yield min(wait, left)
            wait = min(wait * _WAIT_GROWTH, _MAX_WAIT)

    def download(
        self,
        id: str,
        path: str | os.PathLike[str],
        /,
        *,
        progress: Callable[[int, int], object] | None = None,
        timeout: float = 3600.0,
    ) -> Path:
        """Download the file of an available archive to *path*, and return the path.

        The content goes to a hidden temporary file in the same folder, which gets the name
        *path* when it is complete. A retry, or a later call with the same arguments,
        continues an interrupted download. An existing file at *path* is replaced and keeps
        its mode; only the owner can read a new file.

        *progress* is a function that is called with the number of complete bytes and the
        size of the file in bytes, after each chunk. *timeout* is the limit in seconds for
        the whole download (default 3,600)::

            tb.archives.download(archive.id, "meeting.mp4", progress=print)

        An archive of individual streams is a ZIP file, any other is an MP4 file. The link
        of the archive is requested anew for each retry. Requests to the storage host have
        no credentials.

        Raises ``ArchiveStatusError`` unless the archive is available: use `wait` before.
        Raises ``ProtocolError`` if the file does not have the size that the service
        announced, ``APIError`` if the storage host rejects the request, ``TransportError``
        if there is no usable response, ``OSError`` if the file cannot be written,
        ``BlockingIOError`` if another download writes to the same file, and every exception
        of *progress*.
        """
        from tokbox.rest.http.download import Download

        target = _file_path(path)
        if progress is not None and not callable(progress):
            rule = "be a function that takes two numbers of bytes, or None"
            raise InvalidInputError("progress", progress, rule)
        limit = seconds("timeout", timeout)
        item = self._item_path(id)
        download = Download(
            self._requester,
            lambda left: self._link(id, item, left),
            target=target,
            identity=id,
            path=item,
            progress=progress,
        )
        download.run(limit)
        return Path(target)

    def _link(self, id: str, path: str, left: float) -> Link:
        """Return a new link to the file of an archive."""
        from tokbox.rest.http.download import Link

        archive = self.get(id, timeout=min(left, self._requester.timeout))
        if archive.status != ArchiveStatus.AVAILABLE:
            _check_reachable(archive, ArchiveStatus.AVAILABLE)
            raise ArchiveStatusError(
                archive.id,
                archive.status,
                "it can be downloaded when it is available, see archives.wait()",
            )
        if not archive.url:
            problem = "the response has no link to the file"
            raise ProtocolError(
                problem, method="GET", path=path, request_id=archive.request_id
            )
        return Link(archive.url, archive.size)

    def set_storage(
        self,
        target: S3Storage | AzureStorage,
        *,
        fallback: StorageFallback | None = None,
        certificate: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Set the bucket to which future archives are uploaded.

        *fallback* determines the storage of an archive whose upload fails: ``opentok``
        keeps it in the provider's cloud for 72 hours; with ``none``, the default, it is
        lost. If a *certificate* is given (X.509 in PEM, with an RSA key of at most 2048
        bits), archives are encrypted for its owner; otherwise they are not encrypted.
        """
        body = storage_target(target, fallback, certificate)
        self._requester.request("PUT", self._storage, json=body, timeout=timeout)

    def delete_storage(self, *, timeout: float | None = None) -> None:
        """Delete the storage target: future archives stay in the provider's cloud."""
        self._requester.request("DELETE", self._storage, timeout=timeout)

    @property
    def _storage(self) -> str:
        return f"{self._path}/storage"


#: Seconds before the second request of `Archives.wait`, their growth, and their maximum.
_FIRST_WAIT = 0.5
_WAIT_GROWTH = 1.5
_MAX_WAIT = 10.0

#: Statuses that an archive has after another one, which count as that one.
_REACHED = {"stopped": ("stopped", "available", "uploaded")}
#: The statuses that can precede a status that is waited for.
_RUNNING = ("started", "paused")
_BEFORE = {
    "started": _RUNNING,
    "paused": _RUNNING,
    "stopped": _RUNNING,
    "available": (*_RUNNING, "stopped"),
    "uploaded": (*_RUNNING, "stopped"),
}
#: Details of final statuses for errors.
_FINAL = {
    "expired": "the service deletes files 72 hours after the start",
    "uploaded": "its file is in the storage target of the project",
    "available": "its file is in the provider's cloud, see archives.download()",
}


def _check_reachable(archive: Archive, until: str) -> None:
    """Raise ``ArchiveStatusError`` if an archive can no longer get a status."""
    status = archive.status
    # A status that this version does not know may be followed by any other.
    if status in _BEFORE[until] or status not in set(ArchiveStatus):
        return
    detail = _FINAL.get(status) or archive.reason
    problem = f"it will not become {until}" + (f" ({detail})" if detail else "")
    raise ArchiveStatusError(archive.id, str(status), problem)


def _file_path(path: object) -> str:
    """Return the path of a file that can be created or replaced, as a string."""
    if not isinstance(path, str | os.PathLike):
        raise InvalidInputError("path", path, "be a str or an os.PathLike")
    target = os.fsdecode(path)
    if not target or "\0" in target:
        raise InvalidInputError("path", path, "be the path of a file")
    if os.path.lexists(target) and not os.path.isfile(target):
        raise InvalidInputError("path", path, "name a regular file")
    folder = os.path.dirname(os.path.realpath(target))
    if not os.path.isdir(folder):
        raise InvalidInputError("path", path, "be in a folder that exists")
    return target


#: Properties that only a composed archive can have, and their arguments.
_COMPOSED_ONLY = {
    "resolution": "resolution",
    "layout": "layout",
    "maxBitrate": "max_bitrate",
    "quantizationParameter": "quantization_parameter",
}
