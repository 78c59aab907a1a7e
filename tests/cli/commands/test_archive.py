"""``tokbox archive``, against the emulator."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cli import Result, environment, run_on_terminal
from tokbox.emulator import Server

Cli = Callable[..., Result]


@pytest.fixture
def session_id(cli: Cli, server: Server) -> str:
    """A session that a client is connected to."""
    session_id = cli("session", "create").out.strip()
    token = cli("token", session_id).out.strip()
    request = urllib.request.Request(
        f"{server.url}/_emulator/session/{session_id}/connection",
        json.dumps({"token": token, "publish": True}).encode(),
        {"Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request) as answer:
        assert answer.status == 201
    return session_id


@pytest.fixture
def archive_id(cli: Cli, session_id: str) -> str:
    """A stopped archive, whose file is there at once."""
    archive_id = cli("archive", "start", session_id, "--name", "lesson 1").out.strip()
    assert cli("archive", "stop", archive_id).code == 0
    return archive_id


def test_start_prints_the_id_alone_in_a_pipe(cli: Cli, session_id: str) -> None:
    result = cli("archive", "start", session_id)
    assert (result.code, result.err) == (0, "")
    found = cli("archive", "get", result.out.strip(), "--json")
    assert json.loads(found.out)["status"] == "started"


def test_start_takes_options(cli: Cli, session_id: str) -> None:
    result = cli(
        *("archive", "start", session_id, "--json", "--name", "x", "--no-video"),
        *("--output-mode", "individual", "--stream-mode", "manual", "--tag", "t"),
    )
    document = json.loads(result.out)
    assert document["status"] == "started"
    assert document["name"] == "x"
    assert document["has_video"] is False
    assert document["output_mode"] == "individual"
    assert document["stream_mode"] == "manual"
    assert document["multi_archive_tag"] == "t"


def test_start_refuses_bad_input_before_sending(cli: Cli, session_id: str) -> None:
    result = cli("archive", "start", session_id, "--resolution", "huge")
    assert result.code == 2
    assert result.err.startswith(
        "tokbox: error: --resolution 'huge' is not valid: use \"640x480\""
    )


def test_session_without_a_client_cannot_be_recorded(cli: Cli, server: Server) -> None:
    session_id = cli("session", "create").out.strip()
    result = cli("archive", "start", session_id)
    assert result.code == 1
    assert "404" in result.err


def test_get_shows_names_and_values(cli: Cli, archive_id: str) -> None:
    lines = dict(
        line.split(None, 1) for line in cli("archive", "get", archive_id).out.splitlines()
    )
    assert lines["id"] == archive_id
    assert lines["status"] == "available"
    assert lines["name"] == "lesson 1"
    assert lines["url"].startswith("http://127.0.0.1:")


def test_list_is_a_table_with_whole_lines(
    cli: Cli, session_id: str, archive_id: str
) -> None:
    header, line = cli("archive", "list", "--session-id", session_id).out.splitlines()
    assert header.split() == ["ID", "STATUS", "CREATED", "LENGTH", "SIZE", "NAME"]
    assert line.split()[:2] == [archive_id, "available"]
    assert line.endswith("lesson 1")


def test_list_as_json_is_an_array(cli: Cli, session_id: str, archive_id: str) -> None:
    found = json.loads(cli("archive", "list", "--session-id", session_id, "--json").out)
    assert [each["id"] for each in found] == [archive_id]
    assert "password" not in found[0]


def test_list_pages(cli: Cli, session_id: str) -> None:
    ids = []
    for _ in range(3):
        ids.insert(0, cli("archive", "start", session_id).out.strip())
        cli("archive", "stop", ids[0])

    def listed(*options: str) -> list[str]:
        result = cli("archive", "list", "--json", "--session-id", session_id, *options)
        return [each["id"] for each in json.loads(result.out)]

    assert listed() == listed("--all") == ids
    assert listed("--count", "2") == ids[:2]
    assert listed("--offset", "2") == listed("--all", "--offset", "2") == ids[2:]


def test_list_on_a_terminal_shows_the_number_of_further_items(
    session_id: str, archive_id: str, server: Server, cli: Cli
) -> None:
    cli("archive", "start", session_id)
    result = run_on_terminal(
        ["archive", "list", "--session-id", session_id, "--count", "1"],
        env=environment(TOKBOX_API_URL=server.url),
    )
    assert "1 of 2" in result.out


def test_narrow_terminal_cuts_no_id(
    archive_id: str, session_id: str, server: Server
) -> None:
    result = run_on_terminal(
        ["archive", "list", "--session-id", session_id],
        env=environment(TOKBOX_API_URL=server.url, NO_COLOR="1"),
        columns=40,
    )
    assert archive_id in result.out
    assert "available" in result.out


def test_empty_list_is_an_empty_array(cli: Cli, server: Server) -> None:
    session_id = cli("session", "create").out.strip()
    result = cli("archive", "list", "--json", "--session-id", session_id)
    assert json.loads(result.out) == []


def test_delete(cli: Cli, archive_id: str) -> None:
    assert cli("archive", "delete", archive_id).code == 0
    assert cli("archive", "get", archive_id).code == 1


def test_delete_as_json(cli: Cli, archive_id: str) -> None:
    result = cli("archive", "delete", archive_id, "--json")
    assert json.loads(result.out) == {"id": archive_id, "deleted": True}


@pytest.mark.parametrize("command", ["stop", "get", "delete"])
def test_unknown_archive_is_refused(cli: Cli, server: Server, command: str) -> None:
    result = cli("archive", command, "00000000-0000-0000-0000-000000000000")
    assert (result.code, result.out) == (1, "")


def test_wait_shows_the_archive_that_is_available(cli: Cli, session_id: str) -> None:
    archive_id = cli("archive", "start", session_id).out.strip()
    cli("archive", "stop", archive_id)
    result = cli("archive", "wait", archive_id, "--json", "--timeout", "1m")
    assert (result.code, result.err) == (0, "")
    document = json.loads(result.out)
    assert (document["id"], document["status"]) == (archive_id, "available")


def test_wait_for_a_status_that_cannot_come_fails(cli: Cli, archive_id: str) -> None:
    result = cli("archive", "wait", archive_id, "--until", "paused")
    assert (result.code, result.out) == (1, "")
    assert "it will not become paused" in result.err


def test_wait_gives_up_after_the_time_limit(cli: Cli, session_id: str) -> None:
    archive_id = cli("archive", "start", session_id).out.strip()
    result = cli("archive", "wait", archive_id, "--timeout", "1s")
    assert (result.code, result.out) == (3, "")
    assert "and not available after 1 s" in result.err


@pytest.mark.parametrize("timeout", ["0", "2d", "soon"])
def test_wait_refuses_a_bad_time_limit(cli: Cli, archive_id: str, timeout: str) -> None:
    result = cli("archive", "wait", archive_id, "--timeout", timeout)
    assert result.code == 2
    assert "--timeout" in result.err


@pytest.mark.parametrize("command", ["wait", "download"])
def test_waiting_and_downloading_show_progress_on_a_terminal(
    archive_id: str, server: Server, tmp_path: Path, command: str
) -> None:
    path = [str(tmp_path / "a.mp4")] if command == "download" else []
    result = run_on_terminal(
        ["archive", command, archive_id, *path],
        env=environment(TOKBOX_API_URL=server.url),
    )
    assert ("Downloading" if path else "Waiting until") in result.out


def test_download_prints_the_path_of_the_file(
    cli: Cli, archive_id: str, tmp_path: Path
) -> None:
    path = tmp_path / "lesson.mp4"
    result = cli("archive", "download", archive_id, str(path))
    assert (result.code, result.out, result.err) == (0, f"{path}\n", "")
    assert path.read_bytes()[4:8] == b"ftyp"


@pytest.mark.parametrize(("mode", "suffix"), [("composed", ".mp4"), ("individual", ".zip")])
def test_download_names_the_file_after_the_archive(
    cli: Cli,
    session_id: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    suffix: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    started = cli("archive", "start", session_id, "--output-mode", mode)
    archive_id = started.out.strip()
    cli("archive", "stop", archive_id)
    cli("archive", "wait", archive_id)
    result = cli("archive", "download", archive_id, "--json")
    document = json.loads(result.out)
    path = tmp_path / f"{archive_id}{suffix}"
    assert document == {
        "id": archive_id,
        "path": path.name,
        "size": path.stat().st_size,
    }


def test_download_of_a_running_archive_is_refused(
    cli: Cli, session_id: str, tmp_path: Path
) -> None:
    archive_id = cli("archive", "start", session_id).out.strip()
    result = cli("archive", "download", archive_id, str(tmp_path / "a.mp4"))
    assert (result.code, result.out) == (1, "")
    assert "can be downloaded when it is available" in result.err
