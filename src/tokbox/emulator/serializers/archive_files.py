"""The files of archives: small, well-formed and deterministic.

A composed archive is an MP4 file with a duration and without video. An archive of
individual streams is a ZIP file with the service's manifest and one WebM header for each
recording.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Sequence

from tokbox.emulator.model.records import Job, Recording
from tokbox.emulator.store.accounts import is_application

__all__ = ["file_name", "media_type", "render"]

#: An EBML header of type WebM (RFC 8794, 8.1), and an empty segment of unknown length.
_WEBM = bytes.fromhex(
    "1a45dfa39f 42868101 42f78101 42f28104 42f38108 4282847765626d 42878104 42858102"
    "18538067 01ffffffffffffff"
)


def file_name(archive: Job) -> str:
    """Return the name of the file, which is also the last part of its object key."""
    return "archive.zip" if archive.options["outputMode"] == "individual" else "archive.mp4"


def media_type(archive: Job) -> str:
    """Return the content type of the file."""
    return "application/zip" if file_name(archive).endswith(".zip") else "video/mp4"


def render(archive: Job, recordings: Sequence[Recording]) -> bytes:
    """Return the content of the file; empty if a composed archive recorded nothing."""
    if archive.options["outputMode"] == "individual":
        return _zip(archive, recordings)
    return _mp4(archive.ran_ms) if archive.ran_ms else b""


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def _mp4(duration_ms: int) -> bytes:
    # ISO/IEC 14496-12, 4.3 (ftyp) and 8.2.2 (mvhd, version 0): time scale 1000,
    # rate 1.0, volume 1.0, the unit matrix, and no track.
    ftyp = _box(b"ftyp", b"isom" + struct.pack(">I", 512) + b"isomiso2mp41")
    matrix = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    mvhd = _box(
        b"mvhd",
        struct.pack(">IIIII", 0, 0, 0, 1000, duration_ms)
        + struct.pack(">IH10x", 0x10000, 0x100)
        + matrix
        + struct.pack(">24xI", 1),
    )
    return ftyp + _box(b"moov", mvhd)


def _zip(archive: Job, recordings: Sequence[Recording]) -> bytes:
    began_ms = archive.created_ms if archive.began_ms is None else archive.began_ms
    files = []
    contents = {}
    for index, recording in enumerate(recordings):
        name = f"{recording.stream_id}-{index}.webm"
        contents[name] = _WEBM
        stopped_ms = recording.stopped_ms
        files.append(
            {
                "streamId": recording.stream_id,
                "filename": name,
                "size": len(_WEBM),
                "startTimeOffset": recording.started_ms - began_ms,
                "stopTimeOffset": (
                    recording.started_ms if stopped_ms is None else stopped_ms
                )
                - began_ms,
                "connectionData": recording.connection_data,
                "videoType": recording.video_type,
            }
        )
    manifest = {
        "id": archive.job_id,
        **(
            {"applicationId": archive.project_id}
            if is_application(archive.project_id)
            else {"partnerId": int(archive.project_id)}
        ),
        "sessionId": archive.session_id,
        "name": archive.options.get("name", ""),
        "createdAt": archive.created_ms,
        "files": files,
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        contents[f"{archive.job_id}.json"] = json.dumps(manifest, indent=1).encode()
        for name, content in contents.items():
            # A fixed date makes the file deterministic.
            file.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return buffer.getvalue()
