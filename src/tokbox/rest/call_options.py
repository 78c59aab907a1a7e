"""The keyword arguments of calls that a session offers, too; for type checkers only.

Each names what the ``start`` (or ``dial``) of a resource takes beside the session;
``tests/rest/test_session_calls.py`` holds that they agree.
"""

from __future__ import annotations

from tokbox.enums import OutputMode
from tokbox.rest.archives import TranscriptionProperties
from tokbox.rest.compositions import Composition

__all__ = ["ArchiveOptions"]


class ArchiveOptions(Composition, total=False):
    """Name the options of ``tb.archives.start``."""

    name: str | None
    output_mode: OutputMode | str
    multi_archive_tag: str | None
    quantization_parameter: int | None
    has_transcription: bool
    transcription_properties: TranscriptionProperties | None
    deadline: float | None
