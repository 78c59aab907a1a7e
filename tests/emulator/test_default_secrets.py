"""The default secrets, the former ones, and secrets that some SDKs refuse."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.support.emulator import (
    ACCOUNT,
    ACCOUNT_SECRET,
    KEY,
    NOW,
    OTHER_SECRET,
    SECRET,
    Api,
    client_token,
    credentials,
    t1_token,
)
from tokbox.emulator import (
    DEFAULT_ACCOUNT_SECRET,
    DEFAULT_SECRET,
    Clock,
    Server,
    create_app,
    serve,
)
from tokbox.emulator.simulation import former_secrets
from tokbox.errors import ShortSecretWarning

FORMER, FORMER_ACCOUNT = "devsecret", "devaccountsecret"


@pytest.fixture
def note(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Return what standard error got, in a process that has printed no note."""
    former_secrets._note.cache_clear()
    return lambda: capsys.readouterr().err


@pytest.mark.trap(100)
@pytest.mark.parametrize("secret", [DEFAULT_SECRET, DEFAULT_ACCOUNT_SECRET])
def test_default_secrets_have_40_hexadecimal_digits(secret: str) -> None:
    assert re.fullmatch("[0-9a-f]{40}", secret)


@pytest.mark.parametrize(
    ("headers", "path"),
    [
        ({"X-OPENTOK-AUTH": credentials(KEY, FORMER)}, f"/v2/project/{KEY}/archive"),
        (
            {"X-OPENTOK-AUTH": None, "X-TB-PARTNER-AUTH": f"{KEY}:{FORMER}"},
            f"/v2/project/{KEY}/archive",
        ),
        (
            {"X-OPENTOK-AUTH": credentials(ACCOUNT, FORMER_ACCOUNT, ist="account")},
            "/v2/project",
        ),
    ],
    ids=["project", "partner", "account"],
)
def test_requests_with_a_former_secret_are_accepted_with_one_note(
    api: Api, note: Callable[[], str], headers: dict[str, str | None], path: str
) -> None:
    for _ in range(2):
        assert api.request("GET", path, headers=headers).status == 200
    (line,) = note().splitlines()
    assert line.startswith("note: dev")
    assert SECRET in line or ACCOUNT_SECRET in line


@pytest.mark.parametrize("make", [client_token, t1_token])
def test_clients_join_with_tokens_of_the_former_secret(
    api: Api, note: Callable[[], str], make: Callable[..., str]
) -> None:
    session_id = api.create_session()
    assert api.join_with(session_id, make(session_id, secret=FORMER)).status == 201
    assert FORMER in note()


def test_current_secrets_cause_no_note(api: Api, note: Callable[[], str]) -> None:
    api.join(api.create_session())
    assert note() == ""


@pytest.mark.parametrize("secret", ["devsecreT", FORMER_ACCOUNT])
def test_other_secrets_are_refused(api: Api, note: Callable[[], str], secret: str) -> None:
    assert Api(api.url, secret=secret).project("GET", "/archive").status == 403
    session_id = api.create_session()
    for make in (client_token, t1_token):
        assert api.join_with(session_id, make(session_id, secret=secret)).status == 403
    assert note() == ""


def test_former_secrets_are_refused_for_a_custom_secret() -> None:
    with serve(projects={KEY: OTHER_SECRET}, clock=Clock(lambda: NOW)) as server:
        assert Api(server.url, secret=OTHER_SECRET).project("GET", "/archive").status == 200
        assert Api(server.url, secret=FORMER).project("GET", "/archive").status == 403


@pytest.mark.trap(100)
@pytest.mark.parametrize("owner", ["project", "account"])
@pytest.mark.parametrize("start", [serve, create_app])
def test_short_custom_secret_causes_a_warning_that_names_the_sdks(
    owner: str, start: Callable[..., Any]
) -> None:
    secrets: Mapping[str, Mapping[str, str]] = {
        f"{owner}s": {"777": "canary0secret0canary0secret0cana", "778": "canary0secret0"}
    }
    with pytest.warns(ShortSecretWarning) as seen:
        app = start(**secrets)
    if isinstance(app, Server):
        app.stop()
    else:
        app.state.emulator.store.close()
    (one,) = seen
    assert one.filename == __file__
    message = str(one.message)
    assert message.startswith(f"the secret of {owner} 778 has fewer than 32 bytes")
    assert "Java (jose4j)" in message
    assert "PHP (php-jwt 7)" in message
    assert "canary" not in message
