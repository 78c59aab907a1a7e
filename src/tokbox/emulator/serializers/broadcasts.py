"""The JSON representation of broadcasts, and the status of their outputs."""

from __future__ import annotations

from typing import Any

from tokbox.emulator.model.records import Job
from tokbox.emulator.model.states import ENDED, is_unreachable
from tokbox.emulator.serializers.composition import project_fields, show_selections
from tokbox.emulator.serializers.view import View

__all__ = ["describe_broadcast", "hls_status", "rtmp_status"]

#: The status of an output after a number of seconds. Viewers of HLS are 15 to 20 s behind
#: (4 to 6 s with low latency), those of RTMP about 5 s.
_HLS = ((15, "live"), (5, "ready"), (0, "connecting"))
_LOW_LATENCY = ((5, "live"), (2, "ready"), (0, "connecting"))
_RTMP = ((5, "live"), (0, "connecting"))


def describe_broadcast(view: View, job: Job) -> dict[str, Any]:
    """Return a broadcast as responses and webhooks show it."""
    options, rules = job.options, view.rules
    shown = {
        "id": job.job_id,
        "sessionId": job.session_id,
        **project_fields(job.project_id, as_string=rules.project_id == "string"),
        "event": "broadcast",
        "createdAt": job.created_ms,
        "updatedAt": job.updated_ms,
        "resolution": options["resolution"],
        "status": job.status,
        "maxDuration": options["maxDuration"],
        "maxBitrate": options["maxBitrate"],
        "streamMode": options["streamMode"],
        "hasAudio": options["hasAudio"],
        "hasVideo": options["hasVideo"],
        "multiBroadcastTag": options["multiBroadcastTag"],
        "settings": {"hls": options["hls"]} if "hls" in options else {},
        "broadcastUrls": None,
    }
    running = job.status not in ENDED
    if running or rules.keep_broadcast_urls:
        shown["broadcastUrls"] = _outputs(view, job)
    if running and job.manual:
        shown["streams"] = show_selections(view.jobs.selections(job.job_id))
    return shown


def _outputs(view: View, job: Job) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if "hls" in job.options:
        path = f"/_emulator/broadcast/{job.project_id}/{job.job_id}/playlist.m3u8"
        dvr = "?DVR" if job.options["hls"]["dvr"] else ""
        shown["hls"] = f"{view.base_url}{path}{dvr}"
        shown["hlsStatus"] = hls_status(job, view.now_ms)
    if "rtmp" in job.options:
        targets = [
            {**target, "status": rtmp_status(job, target, view.now_ms)}
            for target in job.options["rtmp"]
        ]
        shown["rtmp"] = (
            targets
            if view.rules.rtmp == "array"
            else {target["id"]: target for target in targets}
        )
    return shown


def hls_status(job: Job, now_ms: int) -> str:
    """Return the status of the HLS output of a broadcast."""
    if job.status in ENDED:
        return "error" if job.status == "failed" else "ended"
    return _reached(_LOW_LATENCY if job.options["hls"]["lowLatency"] else _HLS, job, now_ms)


def rtmp_status(job: Job, target: dict[str, str], now_ms: int) -> str:
    """Return the status of an RTMP output of a broadcast."""
    if job.status in ENDED:
        return "error" if job.status == "failed" else "offline"
    status = _reached(_RTMP, job, now_ms)
    failed = status == "live" and is_unreachable(target["serverUrl"])
    return "error" if failed else status


def _reached(stages: tuple[tuple[int, str], ...], job: Job, now_ms: int) -> str:
    passed_s = (now_ms - job.created_ms) // 1000
    return next(name for seconds, name in stages if passed_s >= seconds)
