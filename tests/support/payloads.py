"""The bodies of callbacks, as the service documents them."""

from __future__ import annotations

import copy
from typing import Any

SESSION = "2_MX40MDAwMDEyM35-MTcwMDAwMDE1MDAwMH5BYn4"
APPLICATION = "00000000-0000-4000-8000-000012345678"
AT = 1_700_000_150_300

CONNECTION = {"id": "8c1d", "createdAt": 1_700_000_150_143, "data": "role=host"}
STREAM = {
    "id": "f00d",
    "connection": CONNECTION,
    "createdAt": 1_700_000_150_200,
    "name": "",
    "videoType": "camera",
}
CALL = {"id": "ca11", "connectionId": "8c1d", "createdAt": 1_700_000_150_100}


def monitored(event: str, **more: object) -> dict[str, Any]:
    """The body of something that happened in a session."""
    body = {"sessionId": SESSION, "projectId": "40000123", "event": event, "timestamp": AT}
    return copy.deepcopy({**body, **more})


ARCHIVE: dict[str, Any] = {
    "id": "0b9f",
    "event": "archive",
    "status": "available",
    "name": "weekly",
    "reason": "",
    "sessionId": SESSION,
    "partnerId": 40000123,
    "projectId": 40000123,
    "createdAt": 1_700_000_200_000,
    "updatedAt": 1_700_003_900_000,
    "duration": 328,
    "size": 18_000_000,
    "resolution": "640x480",
    "outputMode": "composed",
    "hasAudio": True,
    "hasVideo": True,
    "url": "https://files.example.net/40000123/0b9f/archive.mp4",
}
BROADCAST: dict[str, Any] = {
    "id": "7d0c",
    "sessionId": SESSION,
    "projectId": 40000123,
    "partnerId": 40000123,
    "event": "broadcast",
    "createdAt": 1_700_000_300_000,
    "updatedAt": 1_700_000_300_500,
    "resolution": "640x480",
    "status": "started",
    "maxDuration": 14_400,
    "maxBitrate": 2_000_000,
    "streamMode": "auto",
    "hasAudio": True,
    "hasVideo": True,
    "multiBroadcastTag": "b1",
    "settings": {"hls": {"lowLatency": False, "dvr": False}},
    "broadcastUrls": {
        "hls": "https://cdn.example.net/x/playlist.m3u8",
        "hlsStatus": "connecting",
        "rtmp": [
            {
                "id": "yt",
                "status": "connecting",
                "serverUrl": "rtmps://live.example.net/app",
                "streamName": "key",
            }
        ],
    },
}
RENDER: dict[str, Any] = {
    "id": "4a5b",
    "sessionId": SESSION,
    "streamId": "f00d",
    "status": "stopped",
    "reason": "Max Duration Exceeded.",
}
CAPTIONS: dict[str, Any] = {
    "captionId": "2d4f",
    "applicationId": APPLICATION,
    "sessionId": SESSION,
    "status": "paused",
    "createdAt": 1_700_000_400_000,
    "updatedAt": 1_700_000_410_000,
    "duration": 120,
    "languageCode": "en-US",
    "provider": "aws-transcribe",
    "reason": "",
}
#: One body for every kind of callback.
ALL: tuple[dict[str, Any], ...] = (
    monitored("connectionCreated", connection=CONNECTION),
    monitored("connectionDestroyed", reason="clientDisconnected", connection=CONNECTION),
    monitored("streamCreated", stream=STREAM),
    monitored("streamDestroyed", reason="mediaStopped", stream=STREAM),
    monitored("sessionCreated"),
    monitored("sessionDestroyed", reason="forceDisconnected"),
    monitored("sessionNotification", reason="serverRotation"),
    monitored("callCreated", call=CALL),
    monitored("callUpdated", call=CALL, state="RINGING"),
    monitored("callDestroyed", call=CALL, reason_code="700", reason_message="Normal"),
    monitored("muteForced", call=CALL),
    ARCHIVE,
    BROADCAST,
    RENDER,
    CAPTIONS,
)
