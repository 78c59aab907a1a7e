"""``tokbox broadcast``: its requests and its output."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cli import KEY, SESSION, Result
from tests.support.rest import Script, sent

Cli = Callable[..., Result]
Play = Callable[..., Script]

ROOT = f"/v2/project/{KEY}/broadcast"
STARTED = {
    "id": "b1",
    "sessionId": SESSION,
    "status": "started",
    "createdAt": 1700000300000,
    "maxDuration": 14400,
    "multiBroadcastTag": "t",
    "broadcastUrls": {
        "hls": "https://cdn.example/x.m3u8",
        "hlsStatus": "live",
        "rtmp": [{"serverUrl": "rtmp://a", "streamName": "canary", "status": "live"}],
    },
}


def test_start_prints_the_id_alone_in_a_pipe(cli: Cli, play: Play) -> None:
    script = play(STARTED)
    result = cli(
        *("broadcast", "start", SESSION, "--hls", "--low-latency", "--tag", "t"),
        *("--max-duration", "600", "--layout", "pip", "--no-video"),
    )
    assert (result.code, result.out, result.err) == (0, "b1\n", "")
    method, path, body = sent(script)
    assert (method, path) == ("POST", ROOT)
    assert body["outputs"] == {"hls": {"lowLatency": True}}
    assert (body["maxDuration"], body["multiBroadcastTag"]) == (600, "t")
    assert (body["layout"], body["hasVideo"]) == ({"type": "pip"}, False)


def test_servers_and_their_keys_come_from_a_file(
    cli: Cli, play: Play, tmp_path: Path
) -> None:
    script = play(STARTED)
    file = tmp_path / "servers"
    file.write_text("rtmp://a key-a\n\nrtmps://b  key-b  b\n")
    assert cli("broadcast", "start", SESSION, "--rtmp-file", str(file)).code == 0
    assert sent(script)[2]["outputs"] == {
        "rtmp": [
            {"serverUrl": "rtmp://a", "streamName": "key-a"},
            {"serverUrl": "rtmps://b", "streamName": "key-b", "id": "b"},
        ]
    }


def test_servers_come_from_standard_input(cli: Cli, play: Play) -> None:
    script = play(STARTED)
    stdin = "\ufeffrtmp://a k\r\n"
    result = cli("broadcast", "start", SESSION, "--rtmp-file", "-", stdin=stdin)
    assert result.code == 0
    assert [*sent(script)[2]["outputs"]] == ["rtmp"]


@pytest.mark.parametrize(
    ("options", "stdin", "problem"),
    [
        ((), "", "--hls must be True"),
        (("--dvr",), "", "need --hls"),
        (("--hls", "--dvr", "--low-latency"), "", "--low-latency must be False"),
        (("--hls", "--max-duration", "5"), "", "--max-duration must be"),
        (("--rtmp-file", "-"), "rtmp://canary", "line 1 must be"),
        (("--rtmp-file", "-"), "\nhttp://a?canary k", "server_url must be"),
        (("--rtmp-file", "-"), "rtmp://a k\n" * 6, "--rtmp-file must have at most 5"),
    ],
)
def test_start_refuses_bad_input_before_sending(
    options: tuple[str, ...], stdin: str, problem: str, cli: Cli, play: Play
) -> None:
    script = play(STARTED)
    result = cli("broadcast", "start", SESSION, *options, stdin=stdin)
    assert (result.code, result.out) == (2, "")
    assert problem in result.err
    assert "canary" not in result.err
    assert script.requests == []


def test_get_shows_names_and_values_but_no_key(cli: Cli, play: Play) -> None:
    script = play(STARTED)
    result = cli("broadcast", "get", "b1")
    assert sent(script) == ("GET", f"{ROOT}/b1", None)
    lines = dict(line.split(None, 1) for line in result.out.splitlines())
    assert (lines["id"], lines["status"], lines["tag"]) == ("b1", "started", "t")
    assert lines["rtmp"] == "rtmp://a (live)"
    assert "canary" not in result.out


def test_json_contains_no_key(cli: Cli, play: Play) -> None:
    play(STARTED)
    document = json.loads(cli("broadcast", "get", "b1", "--json").out)
    assert document["urls"]["rtmp"][0]["server_url"] == "rtmp://a"
    assert "canary" not in json.dumps(document)


def test_stop_shows_what_was_stopped(cli: Cli, play: Play) -> None:
    script = play({**STARTED, "status": "stopped", "broadcastUrls": None})
    result = cli("broadcast", "stop", "b1")
    assert sent(script) == ("POST", f"{ROOT}/b1/stop", None)
    assert "stopped" in result.out


def test_list_is_a_table(cli: Cli, play: Play) -> None:
    script = play({"count": 1, "items": [STARTED]})
    header, line = cli("broadcast", "list", "--session-id", SESSION).out.splitlines()
    assert f"sessionId={SESSION}" in script.requests[0].url
    assert header.split() == ["ID", "STATUS", "CREATED", "HLS", "RTMP", "TAG"]
    assert line.split()[:2] == ["b1", "started"]
    assert line.split()[-3:] == ["live", "1", "t"]


def test_list_reads_all_pages(cli: Cli, play: Play) -> None:
    script = play(
        {"count": 2, "items": [STARTED]}, {"count": 2, "items": [{**STARTED, "id": "b2"}]}
    )
    found = json.loads(cli("broadcast", "list", "--all", "--json").out)
    assert [each["id"] for each in found] == ["b1", "b2"]
    assert len(script.requests) == 2


def test_layout_changes_the_arrangement(cli: Cli, play: Play) -> None:
    script = play()
    assert cli("broadcast", "layout", "b1", "pip").out == "arranged  b1\n"
    assert sent(script) == ("PUT", f"{ROOT}/b1/layout", {"type": "pip"})


def test_an_invalid_id_is_refused_by_its_name(cli: Cli, play: Play) -> None:
    play(STARTED)
    assert "BROADCAST must be" in cli("broadcast", "get", "..").err
