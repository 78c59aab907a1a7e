"""Record sessions: start, stop, find and arrange archives, and say where they go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tokbox.enums import OutputMode
from tokbox.errors import InvalidInput
from tokbox.rest.archive_types import Archive
from tokbox.rest.arguments import flag, given, instance, one_of, text, whole
from tokbox.rest.compositions import Compositions, compose

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from tokbox.rest.compositions import Composition

__all__ = ["Archives", "TranscriptionProperties"]


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

    def to_json(self) -> dict[str, Any]:
        """Return the object that goes over the wire."""
        return given(
            primaryLanguageCode=self.primary_language_code, hasSummary=self.has_summary
        )


class Archives(Compositions[Archive]):
    """Reach the archives of a project, as ``tb.archives``."""

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
        output_mode: OutputMode | str = OutputMode.COMPOSED,
        multi_archive_tag: str | None = None,
        quantization_parameter: int | None = None,
        has_transcription: bool = False,
        transcription_properties: TranscriptionProperties | None = None,
        deadline: float | None = None,
        **composition: Unpack[Composition],
    ) -> Archive:
        """Start to record a routed session that a client is connected to.

        The other options are those of :class:`~tokbox.rest.compositions.Composition`:
        sound and pictures, streams, resolution, layout, bit rate. A composed archive
        can have a *quantization_parameter* (15 to 40) instead of a bit rate. A second
        archive of the same session needs a *multi_archive_tag* of its own.

        Raises ``NotFound`` if no client is connected, ``Conflict`` if the session is
        relayed or already being recorded under the same tag.
        """
        self._check_session(session_id)
        output_mode = one_of(
            "output_mode", output_mode, [mode.value for mode in OutputMode]
        )
        body = {
            "sessionId": session_id,
            "outputMode": output_mode,
            **compose(**composition),
        }
        if name is not None:
            body["name"] = text("name", name)
        if multi_archive_tag is not None:
            body["multiArchiveTag"] = text(
                "multi_archive_tag", multi_archive_tag, shortest=1
            )
        if quantization_parameter is not None:
            field = "quantization_parameter"
            if "maxBitrate" in body:
                raise InvalidInput(field, quantization_parameter, "not go with max_bitrate")
            body["quantizationParameter"] = whole(field, quantization_parameter, 15, 40)
        if flag("has_transcription", has_transcription):
            body["hasTranscription"] = True
        if transcription_properties is not None:
            instance(
                "transcription_properties",
                transcription_properties,
                TranscriptionProperties,
            )
            body["transcriptionProperties"] = transcription_properties.to_json()
        if output_mode != OutputMode.COMPOSED:
            for property_, field in _COMPOSED_ONLY.items():
                if property_ in body:
                    rule = "be left out of an individual archive"
                    raise InvalidInput(field, body[property_], rule)
        return self._ask(Archive, "POST", self._path, body, deadline)

    def stop(self, id: str, /, *, deadline: float | None = None) -> Archive:
        """Stop an archive; to stop a stopped one again is no error.

        Raises ``NotFound`` for an unknown one, ``Conflict`` for one that is past
        stopping. Archives of sessions with ``ArchiveMode.ALWAYS`` stop by themselves.
        """
        return self._ask(Archive, "POST", self._one(id, "/stop"), None, deadline)

    def delete(self, id: str, /, *, deadline: float | None = None) -> None:
        """Delete an archive that is available, uploaded or deleted.

        Raises ``Conflict`` for one in another state, ``NotFound`` for an unknown one;
        with ``.attempts`` above 1 the latter may mean that an earlier attempt worked
        though its answer was lost.
        """
        self._requester.request("DELETE", self._one(id), deadline=deadline)


#: What only a composed archive can have, and the arguments that say it.
_COMPOSED_ONLY = {
    "resolution": "resolution",
    "layout": "layout",
    "maxBitrate": "max_bitrate",
    "quantizationParameter": "quantization_parameter",
}
