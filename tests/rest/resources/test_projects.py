"""Projects: what an account manages, and secrets that never show."""

from __future__ import annotations

import base64
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from tests.rest.test_sessions import answers
from tests.support.rest import SECRET, Script, sent
from tokbox import Account, errors
from tokbox.response_enums import ProjectStatus
from tokbox.transport import Response

ACCOUNT = "87654321"
ROOT = "/v2/project"
KEY = "40000123"
PROJECT = {
    "id": KEY,
    "secret": "canary",
    "status": "ACTIVE",
    "name": "Acme",
    "environment": "standard",
    "createdAt": 1690000000000,
}

Make = Callable[..., tuple[Account, Script]]


@pytest.fixture
def make() -> Make:
    def make(*outcomes: Any) -> tuple[Account, Script]:
        script = Script(*outcomes or [answers(PROJECT)])
        return Account(ACCOUNT, SECRET, transport=script), script

    return make


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda p: p.create(), ("POST", ROOT, None)),
        (lambda p: p.create("Acme é"), ("POST", ROOT, {"name": "Acme é"})),
        (
            lambda p: p.create("Acme", environment_id="e"),
            ("POST", ROOT, {"name": "Acme", "environmentId": "e"}),
        ),
        (lambda p: p.get(KEY), ("GET", f"{ROOT}/{KEY}", None)),
        (
            lambda p: p.set_status(KEY, ProjectStatus.SUSPENDED),
            ("PUT", f"{ROOT}/{KEY}", {"status": "SUSPENDED"}),
        ),
        (
            lambda p: p.set_status(KEY, "ACTIVE"),
            ("PUT", f"{ROOT}/{KEY}", {"status": "ACTIVE"}),
        ),
        (
            lambda p: p.refresh_secret(KEY),
            ("POST", f"{ROOT}/{KEY}/refreshSecret", None),
        ),
        (lambda p: p.delete(KEY), ("DELETE", f"{ROOT}/{KEY}", None)),
    ],
)
def test_each_call_is_one_request(
    call: Callable[[Any], object], expected: tuple[str, str, Any], make: Make
) -> None:
    account, script = make()
    call(account.projects)
    assert sent(script) == expected


def test_requests_are_marked_as_account_calls(make: Make) -> None:
    account, script = make()
    account.projects.get(KEY)
    token = script.requests[0].headers["x-opentok-auth"]
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert (claims["iss"], claims["ist"]) == (ACCOUNT, "account")


def test_a_project_is_read_completely(make: Make) -> None:
    project = make()[0].projects.get(KEY)
    assert (project.id, project.secret, project.name) == (KEY, "canary", "Acme")
    assert project.status is ProjectStatus.ACTIVE
    assert project.environment == "standard"
    assert project.created_ms == 1690000000000
    assert dict(project.unknown) == {}


@pytest.mark.parametrize(
    ("properties", "field", "value"),
    [
        ({"id": 40000123}, "id", KEY),
        ({"name": None}, "name", ""),
        ({"status": "VALID"}, "status", "VALID"),
        ({"environment": "enterprise"}, "environment", "enterprise"),
    ],
)
def test_the_services_moods_are_tolerated(
    properties: dict[str, Any], field: str, value: object, make: Make
) -> None:
    account, _ = make(answers({**PROJECT, **properties}))
    assert getattr(account.projects.get(KEY), field) == value


def test_an_environment_is_read_under_its_other_name(make: Make) -> None:
    source = {"id": KEY, "environmentName": "default", "environmentDescription": "d"}
    project = make(answers(source))[0].projects.get(KEY)
    assert (project.environment, project.environment_description) == ("default", "d")


def test_projects_are_listed(make: Make) -> None:
    account, script = make(answers([PROJECT, {**PROJECT, "id": "5"}]))
    page = account.projects.list()
    assert sent(script) == ("GET", ROOT, None)
    assert ([each.id for each in page], page.total) == ([KEY, "5"], 2)
    assert tuple(account.projects.iter()) == page.items


@pytest.mark.parametrize("body", [{}, [5], [{}], None])
def test_an_answer_that_is_not_a_list_is_a_protocol_error(body: object, make: Make) -> None:
    with pytest.raises(errors.ProtocolError):
        make(answers(body))[0].projects.list()


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda p: p.create(5), "name"),
        (lambda p: p.create(environment_id=""), "environment_id"),
        (lambda p: p.get(".."), "api_key"),
        (lambda p: p.set_status(KEY, "VALID"), "status"),
        (lambda p: p.delete(""), "api_key"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_sent(
    call: Callable[[Any], object], field: str, make: Make
) -> None:
    account, script = make()
    with pytest.raises(errors.InvalidInputError) as caught:
        call(account.projects)
    assert caught.value.field == field
    assert script.requests == []


def test_a_secret_is_never_made_new_twice(make: Make) -> None:
    account, script = make(Response(503, {}, b""))
    with pytest.raises(errors.ServerError):
        account.projects.refresh_secret(KEY)
    assert len(script.requests) == 1


def test_secrets_are_in_no_repr(make: Make) -> None:
    account, _ = make()
    shown = f"{account!r} {account.projects!r} {account.projects.get(KEY)!r}"
    assert ACCOUNT in shown
    assert "canary" not in shown


@pytest.mark.parametrize(
    ("key", "secret", "field"),
    [
        ("canary", "s", "account_key"),
        (None, "s", "account_key"),
        (ACCOUNT, "", "account_secret"),
        (ACCOUNT, None, "account_secret"),
        (ACCOUNT, "-----BEGIN PRIVATE KEY-----canary", "account_secret"),
    ],
)
def test_bad_credentials_are_refused_by_their_names(
    key: Any, secret: Any, field: str
) -> None:
    with pytest.raises(errors.InvalidInputError) as caught:
        Account(key, secret)
    assert caught.value.field == field
    assert caught.value.__context__ is None
    assert "canary" not in f"{caught.value}{caught.value.value}"


def test_an_account_ends_and_is_not_copied(make: Make) -> None:
    account, script = make()
    with pytest.raises(TypeError, match="secret"):
        pickle.dumps(account)
    with account:
        pass
    assert script.closed == 1
    with pytest.raises(errors.TokboxError, match="closed"):
        account.projects.list()
