"""What an archive is, as the service tells it.

Words that the service may add to (statuses, reasons, modes) are plain strings, so that
a new one breaks nobody. Absent text is ``""``, an absent number or boolean ``None``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, overload

from tokbox.rest.fields import Fields, Unknown

__all__ = ["Archive", "ArchiveList", "ArchiveStream", "Transcription"]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def _unknown() -> Any:
    return field(default_factory=Unknown, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveStream:
    """Tell what is recorded of one stream, in an archive whose streams are chosen."""

    stream_id: str
    has_audio: bool | None = None
    has_video: bool | None = None
    #: Properties that this version does not know, by the service's names.
    unknown: Mapping[str, Any] = _unknown()

    @classmethod
    def from_json(cls, source: Mapping[str, Any]) -> ArchiveStream:
        """Read the service's object."""
        fields = Fields(source)
        return cls(
            stream_id=fields.text("streamId"),
            has_audio=fields.flag("hasAudio"),
            has_video=fields.flag("hasVideo"),
            unknown=fields.unknown(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcription:
    """Tell how far the transcription of an archive is, and where it lies."""

    status: str = ""
    reason: str = ""
    #: Whoever has it can download for ten minutes, so it is not in the repr.
    url: str = field(default="", repr=False)
    primary_language_code: str = ""
    has_summary: bool | None = None
    unknown: Mapping[str, Any] = _unknown()

    @classmethod
    def from_json(cls, source: Mapping[str, Any]) -> Transcription:
        """Read the service's object."""
        fields = Fields(source)
        return cls(
            status=fields.text("status"),
            reason=fields.text("reason"),
            url=fields.text("url"),
            primary_language_code=fields.text("primaryLanguageCode"),
            has_summary=fields.flag("hasSummary"),
            unknown=fields.unknown(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """Describe one recording as it was when the service answered."""

    id: str
    #: ``started``, ``paused``, ``stopped``, ``uploaded``, ``available``, ``expired``,
    #: ``failed``, or what the service may add.
    status: str
    session_id: str = ""
    name: str = ""
    #: Why it stopped; empty while it runs.
    reason: str = ""
    event: str = ""
    #: The tenant: the first two from OpenTok, the third from Vonage.
    project_id: str = ""
    partner_id: str = ""
    application_id: str = ""
    #: Milliseconds since the epoch. The answer to a start is exact; later ones are
    #: rounded to seconds and tell when recording really began.
    created_at: int | None = None
    updated_at: int | None = None
    #: Bytes and seconds; 0 while it runs.
    size: int | None = None
    duration: int | None = None
    output_mode: str = ""
    stream_mode: str = ""
    has_audio: bool | None = None
    has_video: bool | None = None
    #: Of a composed archive.
    resolution: str = ""
    multi_archive_tag: str = ""
    #: Only while it runs, and only if its streams are chosen by calls.
    streams: tuple[ArchiveStream, ...] = ()
    #: Where to download, if available: good for ten minutes, for whoever has it, and
    #: therefore not in the repr. Every get() makes a new one.
    url: str = field(default="", repr=False)
    sha256sum: str = ""
    #: Of an encrypted archive.
    password: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)
    max_bitrate: int | None = None
    quantization_parameter: int | None = None
    has_transcription: bool | None = None
    transcription: Transcription | None = None
    #: Properties that this version does not know, by the service's names.
    unknown: Mapping[str, Any] = _unknown()

    @classmethod
    def from_json(cls, source: Mapping[str, Any]) -> Archive:
        """Read the service's object."""
        fields = Fields(source)
        transcription = fields.record("transcription")
        return cls(
            id=fields.text("id"),
            status=fields.text("status"),
            session_id=fields.text("sessionId"),
            name=fields.text("name"),
            reason=fields.text("reason"),
            event=fields.text("event"),
            project_id=fields.text("projectId"),
            partner_id=fields.text("partnerId"),
            application_id=fields.text("applicationId"),
            created_at=fields.whole("createdAt"),
            updated_at=fields.whole("updatedAt"),
            size=fields.whole("size"),
            duration=fields.whole("duration"),
            output_mode=fields.text("outputMode"),
            stream_mode=fields.text("streamMode"),
            has_audio=fields.flag("hasAudio"),
            has_video=fields.flag("hasVideo"),
            resolution=fields.text("resolution"),
            multi_archive_tag=fields.text("multiArchiveTag"),
            streams=tuple(
                ArchiveStream.from_json(each) for each in fields.records("streams")
            ),
            url=fields.text("url"),
            sha256sum=fields.text("sha256sum"),
            password=fields.text("password"),
            certificate=fields.text("certificate"),
            max_bitrate=fields.whole("maxBitrate"),
            quantization_parameter=fields.whole("quantizationParameter"),
            has_transcription=fields.flag("hasTranscription"),
            transcription=None
            if transcription is None
            else Transcription.from_json(transcription),
            unknown=fields.unknown(),
        )

    @property
    def created(self) -> datetime | None:
        """Return ``created_at`` as a UTC datetime, or ``None`` if no calendar has it."""
        if self.created_at is None:
            return None
        try:
            return _EPOCH + timedelta(milliseconds=self.created_at)
        except OverflowError:
            return None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, ``url`` and ``password`` included, ready for JSON."""
        return {name: _plain(getattr(self, name)) for name in _names(self)}


def _names(value: Archive | ArchiveStream | Transcription) -> list[str]:
    return [each.name for each in dataclasses.fields(value)]


def _plain(value: Any) -> Any:
    if isinstance(value, ArchiveStream | Transcription):
        return {name: _plain(getattr(value, name)) for name in _names(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value


@dataclass(frozen=True, slots=True)
class ArchiveList(Sequence[Archive]):
    """Hold one page of archives, newest first, and how many there are altogether."""

    items: tuple[Archive, ...]
    #: All archives that match, not only those of this page.
    total: int
    #: How many newer ones come before this page.
    offset: int = 0

    @overload
    def __getitem__(self, index: int) -> Archive: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Archive, ...]: ...
    def __getitem__(self, index: int | slice) -> Archive | tuple[Archive, ...]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)
