"""Environment variables of a client: credentials of one kind, and options."""

from __future__ import annotations

from pathlib import Path

import pytest
import urllib3

from tests.rest.test_sessions import SESSION, answers
from tests.support.applications import APPLICATION, private_pem
from tests.support.rest import KEY, SECRET, Script
from tokbox import AsyncTokbox, Tokbox, errors

ENVIRONMENT = {"TOKBOX_API_KEY": KEY, "TOKBOX_SECRET": SECRET}


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        (ENVIRONMENT, "https://api.opentok.com"),
        ({**ENVIRONMENT, "TOKBOX_API_URL": "https://a"}, "https://a"),
        ({**ENVIRONMENT, "OPENTOK_API_URL": "https://b"}, "https://b"),
        (
            {
                "OPENTOK_API_KEY": KEY,
                "OPENTOK_API_SECRET": SECRET,
                "OPENTOK_API_URL": "https://b",
            },
            "https://b",
        ),
        (
            {**ENVIRONMENT, "OPENTOK_API_KEY": "1", "OPENTOK_API_SECRET": "x"},
            "https://api.opentok.com",
        ),
    ],
)
def test_the_environment_makes_a_client(environment: dict[str, str], url: str) -> None:
    with Tokbox.from_env(environment) as tb, Tokbox(KEY, SECRET) as known:
        assert (tb.project_id, tb.api_url) == (KEY, url)
        assert tb.verify(known.session(SESSION).token()).project_id == KEY


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with Tokbox.from_env(retries=0) as tb:
        assert tb.project_id == KEY


def test_the_secret_can_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\n")
    environment = {"TOKBOX_API_KEY": KEY, "TOKBOX_SECRET_FILE": str(path)}
    with Tokbox.from_env(environment) as tb, Tokbox(KEY, SECRET) as known:
        assert tb.verify(known.session(SESSION).token()).project_id == KEY


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, "TOKBOX_API_KEY"),
        ({"TOKBOX_API_KEY": KEY}, "TOKBOX_SECRET or TOKBOX_SECRET_FILE"),
        ({"TOKBOX_API_KEY": KEY, "OPENTOK_API_SECRET": SECRET}, "TOKBOX_SECRET"),
        ({"TOKBOX_SECRET": SECRET}, "TOKBOX_API_KEY"),
        ({"OPENTOK_API_KEY": KEY}, "OPENTOK_API_SECRET"),
        ({"OPENTOK_API_SECRET": SECRET}, "OPENTOK_API_KEY"),
        ({"TOKBOX_API_KEY": KEY, "TOKBOX_SECRET_FILE": "/no/such"}, "TOKBOX_SECRET_FILE"),
    ],
)
def test_missing_variables_are_named(environment: dict[str, str], named: str) -> None:
    with pytest.raises(errors.InvalidInputError, match=named) as caught:
        Tokbox.from_env(environment)
    assert SECRET not in str(caught.value)


VONAGE = {"TOKBOX_APPLICATION_ID": APPLICATION, "TOKBOX_PRIVATE_KEY": private_pem()}


@pytest.mark.parametrize(
    "environment",
    [
        VONAGE,
        {**VONAGE, "TOKBOX_PRIVATE_KEY": private_pem().replace("\n", "\\n")},
        {"VONAGE_APPLICATION_ID": APPLICATION, "VONAGE_PRIVATE_KEY": private_pem()},
        # The variable of tokbox has priority over others.
        {**VONAGE, "OPENTOK_API_KEY": KEY, "OPENTOK_API_SECRET": SECRET},
        {**VONAGE, "OPENTOK_API_URL": "http://elsewhere"},
    ],
)
def test_the_environment_makes_a_client_of_an_application(
    environment: dict[str, str],
) -> None:
    with Tokbox.from_env(environment) as tb:
        assert (tb.project_id, tb.api_url) == (APPLICATION, "https://video.api.vonage.com")
    assert AsyncTokbox.from_env(environment).project_id == APPLICATION


@pytest.mark.parametrize(
    "names",
    [
        ("TOKBOX_APPLICATION_ID", "TOKBOX_PRIVATE_KEY_FILE"),
        ("VONAGE_APPLICATION_ID", "VONAGE_PRIVATE_KEY_PATH"),
        ("VONAGE_APPLICATION_ID", "VONAGE_PRIVATE_KEY"),
    ],
)
def test_the_private_key_can_come_from_a_file(
    names: tuple[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "private.key"
    path.write_text(private_pem())
    environment = {
        names[0]: APPLICATION,
        names[1]: str(path),
        "TOKBOX_API_URL": "https://a",
    }
    with Tokbox.from_env(environment) as tb:
        assert (tb.project_id, tb.api_url) == (APPLICATION, "https://a")


OPENTOK = {"OPENTOK_API_KEY": KEY, "OPENTOK_API_SECRET": SECRET}


@pytest.mark.trap(27)
@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({**ENVIRONMENT, **VONAGE}, "TOKBOX_API_KEY must not be set"),
        ({"TOKBOX_SECRET": SECRET, **VONAGE}, "TOKBOX_SECRET must not be set"),
        ({**OPENTOK, "VONAGE_APPLICATION_ID": APPLICATION}, "OPENTOK_API_KEY"),
        ({**OPENTOK, "VONAGE_PRIVATE_KEY": private_pem()}, "VONAGE_APPLICATION_ID"),
    ],
)
def test_which_environment_is_meant_is_not_guessed(
    environment: dict[str, str], named: str
) -> None:
    with pytest.raises(errors.InvalidInputError, match=named) as caught:
        Tokbox.from_env(environment)
    assert "unset one of them" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert "PRIVATE KEY-" not in str(caught.value)


def test_tokbox_variables_take_precedence_over_ambiguous_ones() -> None:
    theirs = {"VONAGE_APPLICATION_ID": APPLICATION, "VONAGE_PRIVATE_KEY": private_pem()}
    with Tokbox.from_env({**ENVIRONMENT, **OPENTOK, **theirs}) as tb:
        assert tb.project_id == KEY


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"TOKBOX_APPLICATION_ID": APPLICATION}, "TOKBOX_PRIVATE_KEY or"),
        ({"TOKBOX_PRIVATE_KEY": private_pem()}, "TOKBOX_APPLICATION_ID"),
        (
            {"VONAGE_APPLICATION_ID": APPLICATION},
            "VONAGE_PRIVATE_KEY or VONAGE_PRIVATE_KEY_PATH",
        ),
        (
            {"TOKBOX_APPLICATION_ID": APPLICATION, "TOKBOX_PRIVATE_KEY_FILE": "/no/such"},
            "TOKBOX_PRIVATE_KEY_FILE",
        ),
        ({"TOKBOX_APPLICATION_ID": "", "TOKBOX_API_KEY": ""}, "TOKBOX_API_KEY"),
    ],
)
def test_missing_variables_of_an_application_are_named(
    environment: dict[str, str], named: str
) -> None:
    with pytest.raises(errors.InvalidInputError, match=named) as caught:
        Tokbox.from_env(environment)
    assert "BEGIN" not in str(caught.value)


OPTIONS = {"TOKBOX_TIMEOUT": "7.5", "TOKBOX_READ_TIMEOUT": "4", "TOKBOX_RETRIES": "0"}


@pytest.mark.usefixtures("still")
def test_options_come_from_the_environment_where_they_are_left_out() -> None:
    script = Script(answers([{"session_id": SESSION}]))
    environment = {**ENVIRONMENT, **OPTIONS}
    for options in ({}, {"timeout": 3, "read_timeout": 2}):
        with Tokbox.from_env(environment, transport=script, **options) as tb:  # type: ignore[arg-type]
            tb.new_session()
    first, second = script.requests
    assert (first.read_timeout, first.timeout) == (4, pytest.approx(7.5))
    assert (second.read_timeout, second.timeout) == (2, pytest.approx(3))


def test_retries_come_from_the_environment() -> None:
    script = Script(errors.ConnectError("no", method="POST", path="/x"))
    environment = {**ENVIRONMENT, "TOKBOX_RETRIES": "0"}
    with (
        Tokbox.from_env(environment, transport=script) as tb,
        pytest.raises(errors.ConnectError),
    ):
        tb.new_session()
    assert len(script.requests) == 1


def test_a_proxy_comes_from_the_environment() -> None:
    environment = {**ENVIRONMENT, "TOKBOX_PROXY": "http://127.0.0.1:1"}
    with (
        Tokbox.from_env(environment, retries=0) as tb,
        pytest.raises(errors.ConnectError, match="through the proxy"),
    ):
        tb.new_session()


def test_a_given_pool_or_transport_needs_no_proxy() -> None:
    environment = {**ENVIRONMENT, "TOKBOX_PROXY": "http://127.0.0.1:1"}
    script = Script(answers([{"session_id": SESSION}]))
    with Tokbox.from_env(environment, transport=script) as tb:
        assert tb.new_session().session_id == SESSION
    with urllib3.PoolManager() as pool:
        Tokbox.from_env(environment, http=pool).close()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TOKBOX_TIMEOUT", "soon"),
        ("TOKBOX_TIMEOUT", "nan"),
        ("TOKBOX_CONNECT_TIMEOUT", "0"),
        ("TOKBOX_READ_TIMEOUT", "inf"),
        ("TOKBOX_RETRIES", "2.5"),
        ("TOKBOX_RETRIES", "11"),
        ("TOKBOX_PROXY", "socks5://canary@host"),
    ],
)
def test_an_option_that_is_wrong_is_named_by_its_variable(
    variable: str, value: str
) -> None:
    with pytest.raises(errors.InvalidInputError) as caught:
        Tokbox.from_env({**ENVIRONMENT, variable: value})
    assert caught.value.field == variable
    assert "canary" not in str(caught.value)
