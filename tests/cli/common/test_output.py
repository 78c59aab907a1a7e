"""The output of commands on terminals and in pipes."""

from __future__ import annotations

import io

import pytest

from tests.support.cli import SESSION, environment, run, run_on_terminal
from tokbox import Signer
from tokbox.cli.common import output
from tokbox.cli.common.formatting import ago, moment, rate, size, span
from tokbox.cli.common.output import is_terminal, note, print_table, shows_progress, visible

TOKEN = Signer("12345678", "x").session(SESSION).token()


def test_pipe_gets_no_escapes() -> None:
    result = run(["inspect", TOKEN], env=environment(FORCE_COLOR="1"))
    assert "\x1b" not in result.out + result.err


def test_terminal_gets_colours() -> None:
    assert "\x1b[" in run_on_terminal(["inspect", TOKEN]).out


@pytest.mark.parametrize("variable", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_colours_can_be_switched_off(variable: dict[str, str]) -> None:
    result = run_on_terminal(["inspect", TOKEN], env=environment(**variable))
    assert "refused" in result.out
    assert "\x1b" not in result.out


def test_values_are_not_broken_on_a_narrow_terminal() -> None:
    result = run_on_terminal(["inspect", TOKEN], columns=30)
    assert SESSION in result.out


def test_encoding_without_a_character_is_supported() -> None:
    token = Signer("12345678", "x").session(SESSION).token(connection_data="é")
    result = run(["inspect", token], env=environment(PYTHONIOENCODING="ascii"))
    assert result.code == 4
    assert "\\xe9" in result.out


def test_visible_spells_out_what_cannot_be_seen() -> None:
    assert visible("a\nb\x1b[0m\u202e\x7f é") == "a\\nb\\x1b[0m\\u202e\\x7f é"


def test_text_stream_is_not_a_terminal() -> None:
    assert not is_terminal(io.StringIO())


def test_plain_table_is_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("A", "N"), [("x", 5), ("long", 10_000)], right=(1,))
    assert capsys.readouterr().out == "A         N\nx         5\nlong  10000\n"


def test_notes_are_for_terminals_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    note("a")
    monkeypatch.setattr(output, "is_terminal", lambda stream: True)
    note("b\n")
    assert capsys.readouterr() == ("", "b\\n\n")


def test_no_progress_bar_for_output_that_is_not_a_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(output, "is_terminal", lambda stream: True)
    assert shows_progress()
    assert not shows_progress(io.BytesIO())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 µs"),
        (0.0005, "500 µs"),
        (0.042, "42 ms"),
        (1, "1 s"),
        (1.5, "1.50 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (3605, "1 h"),
        (5400, "1 h 30 min"),
        (90_000, "1 d 1 h"),
        (86_400 * 30, "30 d"),
    ],
)
def test_span(seconds: float, text: str) -> None:
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "now"), (60, "in 1 min"), (-7200, "2 h ago"), (0.4, "now")]
)
def test_ago(seconds: float, text: str) -> None:
    assert ago(1000 + seconds, 1000) == text


def test_moment_is_in_utc() -> None:
    assert moment(1_700_000_000) == "2023-11-14 22:13:20Z"


def test_moment_beyond_all_calendars() -> None:
    assert moment(999_999_999_999) == "999999999999 s after 1970, which no calendar has"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, ""),
        (0, "0 B"),
        (999, "999 B"),
        (1500, "1.5 kB"),
        (2_000_000, "2.0 MB"),
        (10**16, "10000.0 TB"),
    ],
)
def test_size(count: int | None, text: str) -> None:
    assert size(count) == text


def test_rate() -> None:
    assert rate(3000, 2) == "1,500/s"
    assert rate(0, 0) == "-"
