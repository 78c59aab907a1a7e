"""REST calls a second: ours and those of the official SDKs, to the same emulator.

``python -m benchmarks.rest`` asks for one archive, again and again, over connections that
are warm where a client keeps them. The emulator is a process of its own; its time is in
every figure, so the clients differ by more than the ratios say. All speak HTTP without
TLS, which spares the SDK that connects anew for each call the most of what that costs.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from tokbox import MediaMode, Tokbox

from . import compare, run
from .goals import AT_LEAST, AT_MOST, Goal
from .measure import Workload, timed
from .rivals import Place, Unavailable, opentok_rest, vonage_rest
from .rivals.process import environment as process_environment

#: Calls in a round, some hundredths of a second.
CALLS = 50
ROUNDS = 21
#: What signs with a key that is parsed anew for every call makes one of so many.
SHARE = 10

OURS, OURS_APPLICATION = "tokbox, a project", "tokbox, an application"
FLOOR = "http.client, headers ready"

GOALS = [
    Goal("tokbox against opentok", opentok_rest.label, OURS, AT_LEAST, 2, 2),
    Goal(
        "the same, without what bare HTTP takes",
        opentok_rest.label,
        OURS,
        AT_LEAST,
        None,
        None,
        less=FLOOR,
    ),
    Goal(
        "tokbox against vonage-video, an application",
        vonage_rest.label,
        OURS_APPLICATION,
        AT_LEAST,
        1,
        1,
    ),
    Goal("tokbox over bare HTTP", OURS, FLOOR, AT_MOST, None, None),
]

#: The work comes from the environment: a secret has no place among arguments.
_EMULATOR = """
import json, os, sys
from tokbox.emulator import serve
projects = {os.environ["WORK_API_KEY"]: os.environ["WORK_SECRET"]}
with serve(projects=projects, processing_delay=0) as server:
    names = "url", "api_key", "secret", "application_id", "private_key"
    print(json.dumps({name: getattr(server, name) for name in names}), flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def emulator() -> Iterator[dict[str, str]]:
    """Run an emulator in a process of its own; it ends when its input does."""
    command = [sys.executable, "-c", _EMULATOR]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=process_environment(),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()


def archive(tb: Tokbox) -> str:
    """Record a session with one client in it, and return the archive's id."""
    session = tb.new_session(media_mode=MediaMode.MEDIA_ROUTER)
    url = f"{tb.api_url}/_emulator/session/{session.session_id}/connection"
    body = json.dumps({"token": session.token(), "publish": True}).encode()
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)):
        return tb.archives.start(session.session_id).id


def repeat(call: Callable[[], object], n: int) -> Callable[[], float]:
    """Return a workload's `run`: make *call* *n* times."""

    def calls() -> None:
        for _ in range(n):
            call()

    return timed(calls)


def bare(tb: Tokbox, path: str, n: int, stack: contextlib.ExitStack) -> Callable[[], float]:
    """The same call with headers that are ready, over one connection: what it costs to
    ask the emulator at all."""
    name, value = tb._requester._auth.header()
    headers = {"Accept": "application/json", name: value}
    parts = urlsplit(tb.api_url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    stack.callback(connection.close)

    def call() -> Any:
        connection.request("GET", path, headers=headers)
        return json.loads(connection.getresponse().read())

    return repeat(call, n)


def gather(
    server: dict[str, str], stack: contextlib.ExitStack, calls: int = CALLS
) -> tuple[list[Workload], dict[str, str]]:
    """All clients that can run here, and why the others cannot; *stack* closes them."""
    url, tenant = server["url"], server["application_id"]
    tb = stack.enter_context(Tokbox(server["api_key"], server["secret"], url))
    application = stack.enter_context(
        Tokbox.from_private_key(tenant, server["private_key"], url)
    )
    project = Place(url, server["api_key"], server["secret"], archive(tb))
    vonage = Place(url, tenant, server["private_key"], archive(application))
    path = f"/v2/project/{project.tenant}/archive/{project.archive_id}"
    get = partial(tb.archives.get, project.archive_id)
    get_signed = partial(application.archives.get, vonage.archive_id)
    found = [
        Workload(FLOOR, calls, bare(tb, path, calls, stack)),
        Workload(OURS, calls, repeat(get, calls)),
        Workload(OURS_APPLICATION, calls, repeat(get_signed, calls)),
    ]
    missing = {}
    for rival, place, n in (
        (opentok_rest, project, calls),
        (vonage_rest, vonage, max(1, calls // SHARE)),
    ):
        try:
            call = rival.make(place, stack)
        except Unavailable as reason:
            missing[rival.label] = str(reason)
        else:
            found.append(Workload(rival.label, n, repeat(call, n), note=rival.note))
    return found, missing


def main() -> int:
    rounds = compare.rounds_asked_for("benchmarks.rest", __doc__ or "", ROUNDS)
    with emulator() as server, contextlib.ExitStack() as stack:
        found, missing = gather(server, stack)
        tables = compare.compare(
            found, GOALS, missing, rounds, machine=run.machine(), what="call"
        )
    print(tables)
    return 0


if __name__ == "__main__":
    sys.exit(main())
