"""REST calls: tokbox and the official SDKs ask the same emulator for an archive.

Connections are warm where a client keeps them. The emulator is a process of its own, and
its time is part of every figure. All clients speak HTTP without TLS, which is an advantage
for the SDK that connects for each call.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import jwt

from tokbox import MediaMode, Tokbox

from . import workloads
from .comparison import Contender, Work, at_least, at_most, group, repeat
from .rivals.python import load, opentok_client
from .workloads import resources

PROJECT, APPLICATION = "tokbox, a project", "tokbox, an application"
FLOOR, OPENTOK = "http.client, headers ready", "opentok (Python)"
VONAGE = "vonage-video (Python), an application"

EMULATOR = """
import json, os, sys
from tokbox.emulator import serve
projects = {os.environ["TOKBOX_API_KEY"]: os.environ["TOKBOX_SECRET"]}
with serve(projects=projects, processing_delay=0) as server:
    names = "url", "api_key", "secret", "application_id", "private_key"
    print(json.dumps({name: getattr(server, name) for name in names}), flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def emulator() -> Iterator[dict[str, Any]]:
    """Run an emulator in a process of its own; it ends when its input does."""
    with subprocess.Popen(
        [sys.executable, "-c", EMULATOR],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=workloads.environment(),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield {**json.loads(process.stdout.readline()), "pid": process.pid}
        finally:
            process.stdin.close()


@cache
def server() -> dict[str, Any]:
    return resources.enter_context(emulator())


@cache
def client(application: bool) -> tuple[Tokbox, str]:
    """Return a client, and the id of an archive that it started."""
    to = server()
    if application:
        tb = Tokbox.from_private_key(to["application_id"], to["private_key"], to["url"])
    else:
        tb = Tokbox(to["api_key"], to["secret"], to["url"])
    resources.enter_context(tb)
    session = tb.new_session(media_mode=MediaMode.MEDIA_ROUTER)
    url = f"{tb.api_url}/_emulator/session/{session.session_id}/connection"
    body = json.dumps({"token": session.token(), "publish": True}).encode()
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)):
        return tb, tb.archives.start(session.session_id).id


def calls(make: Callable[[], Work]) -> Callable[[int], Work]:
    """Make the same call n times."""
    return lambda n: repeat(make(), n)


def bare() -> Work:
    """The same call over one connection, with headers that are ready."""
    tb, archive_id = client(application=False)
    now = int(time.time())
    claims = {"iss": tb.project_id, "ist": "project", "iat": now, "exp": now + 3600}
    token = jwt.encode(claims, server()["secret"], "HS256")
    headers = {"Accept": "application/json", "X-OPENTOK-AUTH": token}
    parts = urlsplit(server()["url"])
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    resources.callback(connection.close)
    path = f"/v2/project/{tb.project_id}/archive/{archive_id}"

    def call() -> Any:
        connection.request("GET", path, headers=headers)
        found = json.loads(connection.getresponse().read())
        assert found["id"] == archive_id, found
        return found

    return call


def ours(application: bool) -> Callable[[], Work]:
    def make() -> Work:
        tb, archive_id = client(application)
        return lambda: tb.archives.get(archive_id)

    return make


def opentok() -> Work:
    _, archive_id = client(application=False)
    sdk = opentok_client(api_url=server()["url"])
    return lambda: sdk.get_archive(archive_id)


def vonage() -> Work:
    """The SDK speaks TLS only, so its session gets an adapter that leaves TLS out."""
    http_client, video = (
        load(x, "vonage-video") for x in ("vonage_http_client", "vonage_video")
    )
    adapters = load("requests.adapters", "requests")

    class Plain(adapters.HTTPAdapter):  # type: ignore[misc, name-defined]
        def send(self, request: Any, *args: Any, **options: Any) -> Any:
            request.url = request.url.replace("https://", "http://", 1)
            return super().send(request, *args, **options)

    tb, archive_id = client(application=True)
    auth = http_client.Auth(
        application_id=tb.project_id, private_key=server()["private_key"]
    )
    options = http_client.HttpClientOptions(video_host=urlsplit(server()["url"]).netloc)
    connection = http_client.HttpClient(auth, options)
    connection._session.mount("https://", Plain())
    resources.callback(connection._session.close)
    sdk = video.Video(connection)
    return lambda: sdk.get_archive(archive_id)


test_rest = group(
    "REST calls",
    [
        Contender(FLOOR, calls(bare)),
        Contender(
            PROJECT,
            calls(ours(application=False)),
            goals=[
                at_least(2, OPENTOK),
                at_least(None, OPENTOK, less=FLOOR),
                at_most(1.35, FLOOR),
            ],
        ),
        Contender(APPLICATION, calls(ours(application=True)), goals=[at_least(1, VONAGE)]),
        Contender(OPENTOK, calls(opentok), note="it connects for every call"),
        Contender(
            VONAGE,
            calls(vonage),
            10,
            note="it keeps its connection, and parses and checks the key for every call",
        ),
    ],
    n=50,
    unit="call",
    rounds=21,
    floor=FLOOR,
    smoke_n=1,
)
