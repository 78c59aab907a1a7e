"""With a seed and a fixed clock, the same calls get the same responses."""

from __future__ import annotations

import datetime as dt
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.emulator import KEY, NOW, Api, client_token, credentials
from tokbox.emulator import Clock, serve
from tokbox.errors import InvalidInputError

#: The start of 2030, as a number and as text.
START = 1_893_456_000
START_TEXT = "2030-01-01T00:00:00Z"
NOON = dt.datetime(2030, 1, 1, 12, tzinfo=dt.UTC)


class RecordingApi(Api):
    """A client whose clock is an ordinary one, and that keeps what it was answered."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.answers: list[bytes] = []

    def request(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        headers = {**(more.pop("headers", None) or {})}
        headers["X-OPENTOK-AUTH"] = credentials(at=time.time())
        # Links and the like name the emulator by what it was called.
        headers["Host"] = "localhost"
        answer = super().request(method, path, body, headers=headers, **more)
        lines = [f"{method} {path} {answer.status} {answer.headers['X-Request-Id']}\n"]
        self.answers.append("".join(lines).encode() + answer.body)
        return answer


def act(api: RecordingApi) -> None:
    """Do something of everything, refused calls included."""
    session_id = api.create_session(archiveMode="always")
    api.request("POST", "/session/create", b"e2ee=x")
    joined = api.join_with(
        session_id, client_token(session_id, at=time.time()), publish=True
    )
    assert joined.status == 201
    archive_id = api.start_archive(session_id, multiArchiveTag="b")["id"]
    token = client_token(session_id, at=time.time())
    target = {"serverUrl": "rtmp://live.example.net/app", "streamName": "key"}
    api.start("broadcast", session_id, outputs={"hls": {}, "rtmp": target})
    api.start("render", session_id, token=token, url="https://app.example.org/view")
    api.start("dial", session_id, token=token, sip={"uri": "sip:user@example.org"})
    api.advance(90)
    api.read("/broadcast")
    api.read("/render")
    api.stop_archive(archive_id)
    api.advance(1)
    api.archives()
    api.request("POST", "/session/create", headers={"X-Tokbox-Emulator": '{"status":503}'})
    log = api.request("GET", "/_emulator/requests").body
    # How long a call took is the one thing that no seed knows.
    api.answers[-1] = re.sub(rb'"duration":[0-9.e-]+', b"", log)


def run(seed: int | None, db: Path | None = None) -> bytes:
    with serve(seed=seed, clock=Clock.fixed(START_TEXT), db=db) as server:
        api = RecordingApi(server.url)
        act(api)
        return b"\n".join(api.answers)


def test_two_runs_are_the_same_to_the_last_byte() -> None:
    first = run(42)
    assert first == run(42)
    # ... and there was something to compare.
    assert b"&signature=" in first
    assert str(START * 1000).encode() in first


def test_another_seed_makes_other_ids() -> None:
    assert run(42) != run(43)


def test_without_a_seed_no_two_runs_are_alike() -> None:
    assert run(None) != run(None)


def test_ids_go_on_after_a_restart(tmp_path: Path) -> None:
    db = tmp_path / "emulator.db"
    ids = set()
    for _ in range(3):
        with serve(seed=1, clock=Clock.fixed(START_TEXT), db=db) as server:
            ids.add(RecordingApi(server.url).create_session())
    assert len(ids) == 3


def test_reset_restarts_the_ids() -> None:
    with serve(seed=1, clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        first = api.create_session()
        api.request("POST", "/_emulator/reset")
        assert api.create_session() == first


def test_refused_call_uses_up_no_ids() -> None:
    def second_session(*, refused: bool) -> str:
        with serve(seed=1, clock=Clock(lambda: NOW)) as server:
            api = Api(server.url)
            session_id = api.create_session()
            if refused:
                # It has made a connection when it turns out that this may not publish.
                token = client_token(session_id, role="subscriber")
                assert api.join_with(session_id, token, publish=True).status == 403
            return api.create_session()

    assert second_session(refused=True) == second_session(refused=False)


@pytest.mark.parametrize("seed", [-1, 1.0, True, "7"])
def test_seed_is_a_whole_number(seed: Any) -> None:
    with pytest.raises(InvalidInputError, match="seed must be a whole number"):
        serve(seed=seed)


# The clock.


@pytest.mark.parametrize(
    "at",
    [
        "2030-01-01T12:00:00Z",
        "2030-01-01T12:00:00",
        "2030-01-01T13:00:00+01:00",
        NOON,
    ],
)
def test_fixed_clock_keeps_its_time(at: Any) -> None:
    assert Clock.fixed(at).now_ms() == (START + 43_200) * 1000


@pytest.mark.parametrize("at", ["", "noon", "2030-13-01", "1969-12-31T00:00:00Z", 7])
def test_invalid_time_is_refused(at: Any) -> None:
    with pytest.raises(InvalidInputError, match="clock must"):
        Clock.fixed(at)


def test_fixed_clock_moves_by_being_advanced_only() -> None:
    with serve(clock=Clock.fixed(START_TEXT)) as server:
        api = RecordingApi(server.url)
        assert api.request("GET", "/_emulator/clock").json()["now"] == START * 1000
        api.advance(60)
        assert api.request("GET", "/_emulator/clock").json()["now"] == (START + 60) * 1000
        (session,) = api.request("POST", "/session/create").json()
        assert session["create_dt"] == "Mon Dec 31 16:01:00 PST 2029"


def test_tokens_age_by_what_a_fixed_clock_is_advanced() -> None:
    with serve(clock=Clock.fixed(START_TEXT)) as server:
        api = RecordingApi(server.url)
        session_id = api.create_session()
        at = time.time()
        token = client_token(session_id, at=at, exp=at + 600)
        assert api.join_with(session_id, token).status == 201
        api.advance(601)
        answer = api.join_with(session_id, token)
        assert answer.status == 403
        assert "expired" in answer.json()["message"]


def test_request_log_has_the_emulated_time() -> None:
    with serve(clock=Clock.fixed(START_TEXT)) as server:
        RecordingApi(server.url).create_session()
        (entry,) = server.requests(project_id=KEY)
        assert entry.at_ms == START * 1000
        assert json.dumps(entry.describe())
