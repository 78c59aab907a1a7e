"""The web application at the end of the tutorial, as two processes that HTTP connects."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

import tokbox
from tests.docs.pages import ROOT, files
from tests.docs.service import SIGNATURE_SECRET
from tests.support.contract import join_with
from tokbox.emulator import Server, serve

APP = "examples/tutorial/app.py"
TUTORIAL = "docs/tutorial.md"

pytest.importorskip("fastapi")


class Application:
    """A client of the running application."""

    def __init__(self, url: str, server: Server) -> None:
        self.url, self.server = url, server

    def send(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
        """Send a request, and return the status and the JSON or text of the response."""
        request = urllib.request.Request(self.url + path, body, method=method)
        try:
            with urllib.request.urlopen(request) as response:
                status, data = response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                status, data = error.code, error.read().decode()
        return status, data if data.startswith("<!") else json.loads(data)

    def join(self, room: str) -> None:
        """Join as a simulated participant with a token of the application."""
        _, found = self.send("POST", f"/rooms/{room}/token?name=Ada")
        join_with(self.server, found["session_id"], found["token"])


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "app.py").write_text(files(TUTORIAL)["app.py"])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        hooks = json.loads(
            files(TUTORIAL)["hooks.json"].replace("http://127.0.0.1:8000", url)
        )
        with serve(webhooks=hooks, processing_delay=0) as server:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "uvicorn", "app:app"),
                    *("--fd", str(listener.fileno()), "--log-level", "warning"),
                ],
                cwd=folder,
                env={
                    "TOKBOX_API_KEY": server.api_key,
                    "TOKBOX_SECRET": server.secret,
                    "TOKBOX_API_URL": server.url,
                    "SIGNATURE_SECRET": SIGNATURE_SECRET,
                },
                pass_fds=[listener.fileno()],
            )
            try:
                yield Application(url, server)
            finally:
                process.terminate()
                process.wait()


def test_the_page_shows_the_example_file() -> None:
    assert files(TUTORIAL)["app.py"] == (ROOT / APP).read_text(encoding="utf-8")


def test_a_room_has_one_session(application: Application) -> None:
    status, first = application.send("PUT", "/rooms/one")
    assert status == 200
    assert application.send("PUT", "/rooms/one") == (200, first)
    assert application.send("PUT", "/rooms/other")[1] != first


def test_a_token_is_for_the_session_of_its_room(application: Application) -> None:
    _, created = application.send("PUT", "/rooms/token")
    status, found = application.send("POST", "/rooms/token/token?name=Ada")
    assert (status, found["session_id"]) == (200, created["session_id"])
    with tokbox.Signer(application.server.api_key, application.server.secret) as signer:
        claims = signer.verify(found["token"], session_id=created["session_id"])
    assert claims.connection_data == "name=Ada"
    assert claims.end_time - claims.create_time == 7200


def test_the_page_is_shown_for_rooms_only(application: Application) -> None:
    application.send("PUT", "/rooms/page")
    status, text = application.send("GET", "/rooms/page")
    assert status == 200
    assert "OT.initSession" in text
    assert application.send("GET", "/rooms/unknown")[0] == 404


def test_webhooks_report_the_status_of_an_archive(application: Application) -> None:
    application.send("PUT", "/rooms/archive")
    application.join("archive")
    status, archive = application.send("POST", "/rooms/archive/archives")
    assert status == 200
    status, stopped = application.send("POST", f"/archives/{archive['id']}/stop")
    assert (status, stopped["status"]) == (200, "stopped")
    application.server.drain_webhooks()
    found = application.send("GET", f"/archives/{archive['id']}")
    assert found == (200, {"id": archive["id"], "status": "available"})


def test_an_empty_room_cannot_be_recorded(application: Application) -> None:
    application.send("PUT", "/rooms/empty")
    status, error = application.send("POST", "/rooms/empty/archives")
    assert status == 409
    assert error["detail"]


def test_a_second_archive_is_refused_while_one_runs(application: Application) -> None:
    application.send("PUT", "/rooms/twice")
    application.join("twice")
    assert application.send("POST", "/rooms/twice/archives")[0] == 200
    assert application.send("POST", "/rooms/twice/archives")[0] == 409


def test_an_unsigned_webhook_is_refused(application: Application) -> None:
    status, error = application.send("POST", "/hooks/archive", b"{}")
    assert (status, error) == (400, {"detail": "missing_header"})


def test_unknown_archives_are_not_found(application: Application) -> None:
    assert application.send("GET", "/archives/unknown")[0] == 404
    assert application.send("POST", "/archives/unknown/stop")[0] == 404
