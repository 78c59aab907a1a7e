"""``tokbox demo``, small."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import pytest

from tests.support.cli import (
    KEY,
    SECRET,
    SESSION,
    Result,
    environment,
    run,
    run_on_terminal,
)
from tokbox import Tokbox
from tokbox.cli.demo.race import race
from tokbox.rest.resources.archives import Archives
from tokbox.tokens.signer import SessionSigner

Cli = Callable[..., Result]


def test_demo_shows_every_step_and_what_next() -> None:
    # Without any credentials, and with a proxy that leads nowhere.
    env = environment(HTTP_PROXY="http://127.0.0.1:1", http_proxy="http://127.0.0.1:1")
    del env["TOKBOX_API_KEY"], env["TOKBOX_SECRET"]
    result = run(["demo", "-n", "500"], env=env)
    assert (result.code, result.err) == (0, "")
    for step in (
        "create a session",
        "sign 500 tokens",
        "500 are distinct",
        "a client joins",
        "start an archive",
        "stop it",
        "list the archives",
        "wait until it is available",
        "fetch its file",
    ):
        assert step in result.out, step
    assert "\x1b" not in result.out
    assert result.out.splitlines()[-2].startswith("What next:")


def test_demo_as_json_compares_with_the_official_sdk() -> None:
    pytest.importorskip("opentok")
    result = run(["demo", "-n", "500", "--json"])
    assert (result.code, result.err) == (0, "")
    document = json.loads(result.out)
    assert document["ok"] is True
    assert document["tokens"] == 500
    assert all(step["seconds"] >= 0 and step["result"] for step in document["steps"])
    assert all(lane["tokens_per_second"] > 0 for lane in document["rates"])
    assert document["official_sdk_installed"] is True
    assert document["rates"][-1]["how"].startswith("opentok")
    assert document["rates"][-1]["times_official_sdk"] == 1.0


def test_demo_says_if_the_official_sdk_is_missing(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentok", None)
    result = cli("demo", "-n", "10")
    assert result.code == 0
    assert "The official Python SDK is not installed" in result.out
    assert "TIMES" not in result.out


def test_demo_as_json_compares_with_nothing_if_the_official_sdk_is_missing(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentok", None)
    document = json.loads(cli("demo", "-n", "10", "--json").out)
    assert document["official_sdk_installed"] is False
    assert {lane["times_official_sdk"] for lane in document["rates"]} == {None}


def test_one_cpu_is_not_measured_as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentok", None)
    with Tokbox(KEY, SECRET) as client:
        lanes, compared = race(client.session(SESSION), KEY, SECRET, 10, 1)
    assert not compared
    assert [lane.name for lane in lanes] == [
        "session.tokens(n)",
        "session.token(), one call each",
    ]


def test_demo_draws_on_a_terminal() -> None:
    result = run_on_terminal(["demo", "-n", "1000"])
    assert result.code == 0
    assert "Signing" in result.out
    assert "\x1b[" in result.out


@pytest.mark.parametrize("n", ["0", "-1", "x"])
def test_demo_refuses_impossible_numbers(cli: Cli, n: str) -> None:
    result = cli("demo", "-n", n)
    assert (result.code, result.out) == (2, "")
    assert "-n" in result.err


def test_demo_fails_if_tokens_repeat(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    sign = SessionSigner.iter_batches

    def repeat(self: SessionSigner, *args: object, **options: object) -> object:
        for batch in sign(self, *args, **options):  # type: ignore[arg-type]
            first = batch[0]
            yield _Copies([first] * len(batch))

    monkeypatch.setattr(SessionSigner, "iter_batches", repeat)
    result = cli("demo", "-n", "5")
    assert (result.code, result.out) == (1, "")
    assert result.err == "tokbox: error: only 1 of 5 tokens are distinct\n"


class _Copies(list[str]):
    def tolist(self) -> list[str]:
        return self


def test_demo_fails_if_an_archive_is_not_listed(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = Archives.list

    def empty(self: Archives, *args: object, **options: object) -> object:
        return listing(self, count=0)

    monkeypatch.setattr(Archives, "list", empty)
    result = cli("demo", "-n", "5")
    assert (result.code, result.out) == (1, "")
    assert result.err == "tokbox: error: the archive is not listed\n"
