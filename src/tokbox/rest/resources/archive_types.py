"""What an archive is, as the service tells it."""

from __future__ import annotations

from dataclasses import dataclass

from tokbox.enums import OutputMode
from tokbox.lazy import set_module
from tokbox.response_enums import ArchiveReason, ArchiveStatus, TranscriptionStatus
from tokbox.rest.models.base import (
    Record,
    bool_field,
    enum_field,
    int_field,
    nested_field,
    str_field,
)
from tokbox.rest.resources.compositions import Composed

__all__ = ["Archive", "Transcription"]


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class Transcription(Record):
    """Tell how far the transcription of an archive is, and where it lies."""

    status: TranscriptionStatus | str = enum_field(TranscriptionStatus)
    reason: str = str_field()
    #: Whoever has it can download for ten minutes, so it is not in the repr.
    url: str = str_field(secret=True)
    primary_language_code: str = str_field()
    has_summary: bool | None = bool_field()


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class Archive(Composed):
    """Describe one recording as it was when the service answered.

    ``created_ms`` in the answer to a start is exact; later ones are rounded to seconds
    and tell when recording really began.
    """

    _what = "an archive"
    _needs = ("id", "status")

    status: ArchiveStatus | str = enum_field(ArchiveStatus)
    #: Why it stopped; empty while it runs.
    reason: ArchiveReason | str = enum_field(ArchiveReason)
    name: str = str_field()
    event: str = str_field()
    #: Bytes and seconds; 0 while it runs.
    size: int | None = int_field()
    duration: int | None = int_field()
    output_mode: OutputMode | str = enum_field(OutputMode)
    multi_archive_tag: str = str_field()
    #: Where to download, if available: good for ten minutes, for whoever has it, and
    #: therefore not in the repr. Every get() makes a new one.
    url: str = str_field(secret=True)
    sha256sum: str = str_field()
    #: Of an encrypted archive.
    password: str = str_field(secret=True)
    certificate: str = str_field(secret=True)
    quantization_parameter: int | None = int_field()
    has_transcription: bool | None = bool_field()
    transcription: Transcription | None = nested_field(Transcription)
