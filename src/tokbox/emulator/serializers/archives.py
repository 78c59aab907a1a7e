"""The JSON representation of archives, in responses and webhooks."""

from __future__ import annotations

from typing import Any

from tokbox.emulator.model.records import Job
from tokbox.emulator.model.rules import Rules
from tokbox.emulator.model.states import duration_s
from tokbox.emulator.serializers.composition import (
    project_fields,
    show_name,
    show_selections,
)
from tokbox.emulator.serializers.view import View

__all__ = ["describe_archive"]

#: The status of a transcription, by the status of its archive.
_TRANSCRIPTIONS = {
    "paused": "requested",
    "started": "requested",
    "stopped": "started",
    "uploaded": "uploaded",
    "failed": "failed",
}


def describe_archive(view: View, archive: Job) -> dict[str, Any]:
    """Return an archive as its GET response shows it, with times in whole seconds."""
    options, rules = archive.options, view.rules
    began_ms = archive.created_ms if archive.began_ms is None else archive.began_ms
    shown: dict[str, Any] = {
        "id": archive.job_id,
        "status": archive.status,
        **show_name(options.get("name"), rules),
        "reason": archive.reason,
        "event": "archive",
        "sessionId": archive.session_id,
        **project_fields(archive.project_id, as_string=rules.project_id == "string"),
        "createdAt": began_ms // 1000 * 1000,
        "updatedAt": archive.updated_ms // 1000 * 1000,
        "size": archive.size,
        "duration": duration_s(archive),
        "outputMode": options["outputMode"],
        "streamMode": options["streamMode"],
        "hasAudio": options["hasAudio"],
        "hasVideo": options["hasVideo"],
    }
    for name in ("resolution", "maxBitrate", "quantizationParameter"):
        if name in options:
            shown[name] = options[name]
    shown["multiArchiveTag"] = options["multiArchiveTag"]
    shown["hasTranscription"] = options["hasTranscription"]
    if options["hasTranscription"]:
        shown["transcription"] = _describe_transcription(archive, rules)
    if archive.manual and archive.status == "started":
        shown["streams"] = show_selections(view.jobs.selections(archive.job_id))
    shown["sha256sum"] = ""
    shown["password"] = options.get("password", "")
    shown["url"] = (
        view.links.make(archive, view.base_url, view.now_ms)
        if archive.status == "available"
        else None
    )
    return shown


def _describe_transcription(archive: Job, rules: Rules) -> dict[str, Any]:
    """Return the transcription, which is made together with the file of the archive.

    The emulator has no text to transcribe, so there is no URL.
    """
    # The file of an expired or deleted archive was available before.
    status = _TRANSCRIPTIONS.get(archive.status, "available")
    if rules.transcription_status == "completed" and status in ("available", "uploaded"):
        status = "completed"
    return {
        "status": status,
        "reason": archive.reason if status == "failed" else "",
        "url": None,
        **archive.options["transcriptionProperties"],
    }
