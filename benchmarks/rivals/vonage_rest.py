"""Vonage's Python SDK, asking for an archive.

It speaks TLS only, so its own session gets an adapter that leaves that away.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

from . import Place, Unavailable

label = "vonage-video (Python)"
note = "it keeps its connection, and parses and checks the key again for every call"


def make(place: Place, stack: ExitStack) -> Callable[[], object]:
    try:
        from requests.adapters import HTTPAdapter
        from vonage_http_client import Auth, HttpClient, HttpClientOptions
        from vonage_video import Video
    except ImportError:
        raise Unavailable("the package vonage-video is not installed") from None

    class Plain(HTTPAdapter):
        def send(self, request: Any, *args: Any, **options: Any) -> Any:
            request.url = request.url.replace("https://", "http://", 1)
            return super().send(request, *args, **options)

    auth = Auth(application_id=place.tenant, private_key=place.secret)
    client = HttpClient(auth, HttpClientOptions(video_host=urlsplit(place.url).netloc))
    client._session.mount("https://", Plain())
    stack.callback(client._session.close)
    video = Video(client)
    return lambda: video.get_archive(place.archive_id)
