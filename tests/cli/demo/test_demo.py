"""``tokbox demo``, small."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from tests.support.cli import Result, environment, run, run_on_terminal
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
        "connect a client",
        "start an archive",
        "stop it",
        "list the archives",
        "wait until it is available",
        "download its file",
    ):
        assert step in result.out, step
    assert "\x1b" not in result.out
    assert result.out.splitlines()[-2].startswith("Next steps:")


def test_demo_as_json_has_the_steps_with_times_and_results(cli: Cli) -> None:
    result = cli("demo", "-n", "500", "--json")
    assert (result.code, result.err) == (0, "")
    document = json.loads(result.out)
    assert [*document] == ["ok", "emulator", "session_id", "tokens", "kernel", "steps"]
    assert (document["ok"], document["tokens"]) == (True, 500)
    assert all(step["seconds"] >= 0 and step["result"] for step in document["steps"])


def test_demo_shows_how_fast_tokens_are_signed_in_a_batch_and_one_by_one(cli: Cli) -> None:
    steps = json.loads(cli("demo", "-n", "30_000", "--json").out)["steps"]
    results = {step["step"]: step["result"] for step in steps}
    assert re.fullmatch("[0-9,]+/s as str", results["sign 30,000 tokens (iter_batches)"])
    assert re.fullmatch("[0-9,]+/s", results["sign 20,000 tokens (token)"])


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
