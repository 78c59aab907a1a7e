"""Record sessions: start, stop, find and arrange archives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tokbox.enums import OutputMode, StreamMode
from tokbox.errors import InvalidInput, ProtocolError
from tokbox.rest.archive_types import Archive, ArchiveList
from tokbox.rest.arguments import RESOLUTIONS, flag, identifier, one_of, text, whole
from tokbox.rest.layouts import Layout
from tokbox.tokens.claims import check_session_id

if TYPE_CHECKING:
    from tokbox.rest.requester import Requester

__all__ = ["Archives", "TranscriptionProperties"]

_LARGEST_PAGE = 1000
_LARGEST_OFFSET = 2**31 - 1
#: Pages in a row that may bring nothing new before a list is held to be endless.
_STALE_PAGES = 100


@dataclass(frozen=True, slots=True)
class TranscriptionProperties:
    """Say how an archive is to be transcribed."""

    #: BCP 47, for example ``en-US``.
    primary_language_code: str | None = None
    has_summary: bool | None = None

    def __post_init__(self) -> None:
        if self.primary_language_code is not None:
            text("primary_language_code", self.primary_language_code, shortest=1)
        if self.has_summary is not None:
            flag("has_summary", self.has_summary)

    def to_json(self) -> dict[str, str | bool]:
        """Return the object that goes over the wire."""
        body: dict[str, str | bool] = {}
        if self.primary_language_code is not None:
            body["primaryLanguageCode"] = self.primary_language_code
        if self.has_summary is not None:
            body["hasSummary"] = self.has_summary
        return body


class Archives:
    """Reach the archives of a project, as ``tb.archives``.

    Every method takes ``deadline``, seconds for the whole call, in place of the
    client's. All raise ``InvalidInput`` before anything is sent, ``APIError`` when the
    service refuses and ``TransportError`` when there is no usable answer.
    """

    __slots__ = ("_path", "_requester")

    def __init__(self, requester: Requester) -> None:
        self._requester = requester
        self._path = f"{requester.project}/archive"

    def __repr__(self) -> str:
        return f"<archives of project {self._requester.tenant}>"

    def start(
        self,
        session_id: str,
        *,
        name: str | None = None,
        has_audio: bool = True,
        has_video: bool = True,
        output_mode: OutputMode | str = OutputMode.COMPOSED,
        resolution: str | None = None,
        layout: Layout | str | None = None,
        stylesheet: str | None = None,
        screenshare_type: str | None = None,
        stream_mode: StreamMode | str = StreamMode.AUTO,
        multi_archive_tag: str | None = None,
        max_bitrate: int | None = None,
        quantization_parameter: int | None = None,
        has_transcription: bool = False,
        transcription_properties: TranscriptionProperties | None = None,
        deadline: float | None = None,
    ) -> Archive:
        """Start to record a routed session that a client is connected to.

        *resolution*, *layout* (a ``Layout``, or its parts), *max_bitrate* (100,000 to
        6,000,000 bits/s) and *quantization_parameter* (15 to 40, instead of a bit
        rate) are for composed archives. A second archive of the same session needs a
        *multi_archive_tag* of its own.

        Raises ``NotFound`` if no client is connected, ``Conflict`` if the session is
        relayed or already being recorded under the same tag.
        """
        check_session_id(session_id, self._requester.tenant)
        output_mode = one_of(
            "output_mode", output_mode, [mode.value for mode in OutputMode]
        )
        body: dict[str, Any] = {
            "sessionId": session_id,
            **_media(has_audio, has_video),
            "outputMode": output_mode,
            "streamMode": one_of("stream_mode", stream_mode, [m.value for m in StreamMode]),
        }
        if name is not None:
            body["name"] = text("name", name)
        if multi_archive_tag is not None:
            body["multiArchiveTag"] = text(
                "multi_archive_tag", multi_archive_tag, shortest=1
            )
        if flag("has_transcription", has_transcription):
            body["hasTranscription"] = True
        if transcription_properties is not None:
            if not isinstance(transcription_properties, TranscriptionProperties):
                rule = "be a TranscriptionProperties"
                raise InvalidInput(
                    "transcription_properties", transcription_properties, rule
                )
            body["transcriptionProperties"] = transcription_properties.to_json()
        composed = {
            "resolution": resolution,
            "layout": Layout.build(layout, stylesheet, screenshare_type),
            "max_bitrate": max_bitrate,
            "quantization_parameter": quantization_parameter,
        }
        if output_mode != OutputMode.COMPOSED:
            for field, value in composed.items():
                if value is not None:
                    raise InvalidInput(field, value, "be left out of an individual archive")
        body.update(_composed(**composed))
        return self._archive("POST", self._path, body, deadline)

    def stop(self, archive_id: str, *, deadline: float | None = None) -> Archive:
        """Stop an archive; to stop a stopped one again is no error.

        Raises ``NotFound`` for an unknown one, ``Conflict`` for one that is past
        stopping. Archives of sessions with ``ArchiveMode.ALWAYS`` stop by themselves.
        """
        path = f"{self._one(archive_id)}/stop"
        return self._archive("POST", path, None, deadline)

    def get(self, archive_id: str, *, deadline: float | None = None) -> Archive:
        """Return an archive as it is now. Raises ``NotFound`` for an unknown one."""
        return self._archive("GET", self._one(archive_id), None, deadline)

    def list(
        self,
        offset: int = 0,
        count: int | None = None,
        session_id: str | None = None,
        *,
        deadline: float | None = None,
    ) -> ArchiveList:
        """Return one page of archives, newest first: all of them, or a session's.

        *count* is at most 1000; without it the service gives 50.
        """
        params: dict[str, str | int] = {
            "offset": whole("offset", offset, 0, _LARGEST_OFFSET),
        }
        if count is not None:
            params["count"] = whole("count", count, 0, _LARGEST_PAGE)
        if session_id is not None:
            check_session_id(session_id, self._requester.tenant)
            params["sessionId"] = session_id
        source = self._requester.request_json(
            "GET", self._path, params=params, deadline=deadline
        )
        items = source.get("items") if isinstance(source, dict) else None
        if not isinstance(items, list):
            raise self._unexpected("GET", self._path, "a list of archives")
        archives = tuple(self._read(item, "GET", self._path) for item in items)
        total = source.get("count")
        if isinstance(total, bool) or not isinstance(total, int):
            total = offset + len(archives)
        return ArchiveList(archives, total, offset)

    def iter(
        self,
        session_id: str | None = None,
        page_size: int = 100,
        *,
        deadline: float | None = None,
    ) -> Iterator[Archive]:
        """Return an iterator over all archives, newest first, that pages by itself.

        Pages are asked for when they are needed; *deadline* is for each of them.
        Archives may come and go meanwhile, also by the hand of whoever iterates: none
        comes twice, and none that is there all the time is left out.
        """
        # Checked now, not when the first archive is asked for.
        whole("page_size", page_size, 1, _LARGEST_PAGE)
        if session_id is not None:
            check_session_id(session_id, self._requester.tenant)
        return self._pages(session_id, page_size, deadline)

    def delete(self, archive_id: str, *, deadline: float | None = None) -> None:
        """Delete an archive that is available, uploaded or deleted.

        Raises ``Conflict`` for one in another state, ``NotFound`` for an unknown one;
        with ``.attempts`` above 1 the latter may mean that an earlier attempt worked
        though its answer was lost.
        """
        self._requester.request("DELETE", self._one(archive_id), deadline=deadline)

    def set_layout(
        self,
        archive_id: str,
        layout: Layout | str | None = None,
        *,
        stylesheet: str | None = None,
        screenshare_type: str | None = None,
        deadline: float | None = None,
    ) -> None:
        """Arrange the streams of a running composed archive anew."""
        chosen = Layout.build(layout, stylesheet, screenshare_type)
        if chosen is None:
            raise InvalidInput("layout", None, "be a Layout or its parts")
        path = f"{self._one(archive_id)}/layout"
        self._requester.request("PUT", path, json=chosen.to_json(), deadline=deadline)

    def add_stream(
        self,
        archive_id: str,
        stream_id: str,
        has_audio: bool = True,
        has_video: bool = True,
        *,
        deadline: float | None = None,
    ) -> None:
        """Record a stream in an archive with ``StreamMode.MANUAL``, or part of it.

        To add a stream again changes what is recorded of it. Raises ``APIError`` with
        status 405 if the archive takes all streams by itself.
        """
        text("stream_id", stream_id, shortest=1)
        body = {"addStream": stream_id, **_media(has_audio, has_video)}
        path = f"{self._one(archive_id)}/streams"
        self._requester.request("PATCH", path, json=body, deadline=deadline)

    def remove_stream(
        self, archive_id: str, stream_id: str, *, deadline: float | None = None
    ) -> None:
        """Stop recording one stream in an archive with ``StreamMode.MANUAL``."""
        text("stream_id", stream_id, shortest=1)
        path = f"{self._one(archive_id)}/streams"
        body = {"removeStream": stream_id}
        self._requester.request("PATCH", path, json=body, deadline=deadline)

    def _pages(
        self, session_id: str | None, page_size: int, deadline: float | None
    ) -> Iterator[Archive]:
        seen: set[str] = set()
        offset = 0
        total: int | None = None
        stale = 0
        while True:
            page = self.list(offset, page_size, session_id, deadline=deadline)
            gone = 0 if total is None else total - page.total
            total = page.total
            fresh = [archive for archive in page if archive.id not in seen]
            if gone > 0:
                # As many may have moved up from this page into those already read, so
                # look there first: what comes must come in order.
                fresh = []
                offset = max(0, offset - gone)
            stale = 0 if fresh else stale + 1
            for archive in fresh:
                seen.add(archive.id)
                yield archive
            if gone <= 0:
                offset += len(page)
                if not page or offset >= total:
                    return
            if stale >= _STALE_PAGES:
                problem = f"{stale} pages in a row held nothing new"
                raise ProtocolError(problem, method="GET", path=self._path)

    def _one(self, archive_id: str) -> str:
        return f"{self._path}/{identifier('archive_id', archive_id)}"

    def _archive(
        self, method: str, path: str, body: Mapping[str, Any] | None, deadline: float | None
    ) -> Archive:
        source = self._requester.request_json(method, path, json=body, deadline=deadline)
        return self._read(source, method, path)

    def _read(self, source: object, method: str, path: str) -> Archive:
        archive = Archive.from_json(source) if isinstance(source, dict) else None
        if archive is None or not archive.id or not archive.status:
            raise self._unexpected(method, path, "an archive with an id and a status")
        return archive

    @staticmethod
    def _unexpected(method: str, path: str, promised: str) -> ProtocolError:
        return ProtocolError(f"the answer is not {promised}", method=method, path=path)


def _media(has_audio: bool, has_video: bool) -> dict[str, bool]:
    body = {
        "hasAudio": flag("has_audio", has_audio),
        "hasVideo": flag("has_video", has_video),
    }
    if not any(body.values()):
        raise InvalidInput("has_video", has_video, "be True where has_audio is False")
    return body


def _composed(
    *, resolution: Any, layout: Any, max_bitrate: Any, quantization_parameter: Any
) -> dict[str, Any]:
    """Return what only a composed archive can have."""
    body: dict[str, Any] = {}
    if resolution is not None:
        body["resolution"] = one_of("resolution", resolution, RESOLUTIONS)
    if layout is not None:
        body["layout"] = layout.to_json()
    if max_bitrate is not None:
        body["maxBitrate"] = whole("max_bitrate", max_bitrate, 100_000, 6_000_000)
    if quantization_parameter is not None:
        field = "quantization_parameter"
        if max_bitrate is not None:
            raise InvalidInput(field, quantization_parameter, "not go with max_bitrate")
        body["quantizationParameter"] = whole(field, quantization_parameter, 15, 40)
    return body
