"""Archives (recordings of sessions) and their storage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tokbox.enums import OutputMode
from tokbox.errors import InvalidInputError
from tokbox.lazy import set_module
from tokbox.literals import OutputModeName, StorageFallback
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
    set_fields,
    string,
)
from tokbox.secrecy import strip_traceback

if TYPE_CHECKING:
    from typing_extensions import Unpack

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

    #: A BCP 47 tag, for example ``en-US``.
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
        *multi_archive_tag*.

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
            field, rule = "quantization_parameter", "not go with max_bitrate"
            raise InvalidInputError(field, quantization_parameter, rule)
        if output != OutputMode.COMPOSED:
            for property_, field in _COMPOSED_ONLY.items():
                if property_ in body:
                    rule = "be left out of an individual archive"
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


#: Properties that only a composed archive can have, and their arguments.
_COMPOSED_ONLY = {
    "resolution": "resolution",
    "layout": "layout",
    "maxBitrate": "max_bitrate",
    "quantizationParameter": "quantization_parameter",
}
