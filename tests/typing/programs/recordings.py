"""A job that records rooms and reports on the recordings."""

# pyright: strict

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import tokbox
from tokbox.types import Archive, ArchiveStatus, Page, Stream


def record(tb: tokbox.Tokbox, session_id: str) -> Archive:
    session = tb.session(session_id)
    streams: Page[Stream] = session.list_streams()
    loud = [stream.id for stream in streams if stream.video_type == "camera"]
    archive = session.start_archive(name="weekly", resolution="1280x720")
    for stream_id in loud:
        tb.archives.add_stream(archive.id, stream_id)
    return archive


def finished(tb: tokbox.Tokbox, session_id: str) -> Iterator[tuple[str, int | None]]:
    for archive in tb.archives.iter(session_id):
        match archive.status:
            case ArchiveStatus.AVAILABLE:
                yield archive.url, archive.size
            case ArchiveStatus.FAILED | ArchiveStatus.EXPIRED:
                print(archive.name, archive.reason)
            case other:
                print("not yet:", str(other))


def newest(archives: Page[Archive]) -> datetime | None:
    times = [archive.created_at for archive in archives if archive.created_at is not None]
    return max(times, default=None)


def stop(tb: tokbox.Tokbox, archive_id: str) -> Archive | None:
    try:
        return tb.archives.stop(archive_id)
    except tokbox.NotFoundError:
        return None
    except tokbox.ConflictError as error:
        print(error.hint or error.message)
        return tb.archives.get(archive_id)
    except tokbox.TransportError as error:
        print(error.method, error.path, error.attempts)
        raise
