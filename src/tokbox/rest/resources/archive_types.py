"""What an archive is, as the service tells it."""

from __future__ import annotations

from dataclasses import dataclass

from tokbox.enums import OutputMode
from tokbox.lazy import set_module
from tokbox.response_enums import ArchiveReason, ArchiveStatus, TranscriptionStatus
from tokbox.rest.models import base as record
from tokbox.rest.resources.compositions import Composed

__all__ = ["Archive", "Transcription"]


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class Transcription(record.Record):
    """Tell how far the transcription of an archive is, and where it lies."""

    status: TranscriptionStatus | str = record.word(TranscriptionStatus)
    reason: str = record.text()
    #: Whoever has it can download for ten minutes, so it is not in the repr.
    url: str = record.text(secret=True)
    primary_language_code: str = record.text()
    has_summary: bool | None = record.flag()


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class Archive(Composed):
    """Describe one recording as it was when the service answered.

    ``created_ms`` in the answer to a start is exact; later ones are rounded to seconds
    and tell when recording really began.
    """

    _what = "an archive"
    _needs = ("id", "status")

    status: ArchiveStatus | str = record.word(ArchiveStatus)
    #: Why it stopped; empty while it runs.
    reason: ArchiveReason | str = record.word(ArchiveReason)
    name: str = record.text()
    event: str = record.text()
    #: Bytes and seconds; 0 while it runs.
    size: int | None = record.whole()
    duration: int | None = record.whole()
    output_mode: OutputMode | str = record.word(OutputMode)
    multi_archive_tag: str = record.text()
    #: Where to download, if available: good for ten minutes, for whoever has it, and
    #: therefore not in the repr. Every get() makes a new one.
    url: str = record.text(secret=True)
    sha256sum: str = record.text()
    #: Of an encrypted archive.
    password: str = record.text(secret=True)
    certificate: str = record.text(secret=True)
    quantization_parameter: int | None = record.whole()
    has_transcription: bool | None = record.flag()
    transcription: Transcription | None = record.part(Transcription)
