"""The projects of an account."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.emulator import (
    ACCOUNT,
    ACCOUNT_SECRET,
    KEY,
    NOW,
    OTHER_KEY,
    OTHER_SECRET,
    SECRET,
    Answer,
    Api,
    client_token,
    credentials,
    t1_token,
)
from tokbox.emulator import Clock, Rules, Server, serve
from tokbox.emulator.store.ids import Ids

OTHER_ACCOUNT = "70000001"


class Account(Api):
    """Talk to an emulator as an account."""

    def _credentials(self) -> dict[str, str]:
        return {"X-OPENTOK-AUTH": credentials(self.key, self.secret, ist="account")}

    def manage(self, method: str, path: str = "", body: object = None) -> Answer:
        return self.request(method, f"/v2/project{path}", body)

    def create(self, body: object = None) -> dict[str, Any]:
        answer = self.manage("POST", "", body)
        assert answer.status == 200, answer.body
        project: dict[str, Any] = answer.json()
        return project


@pytest.fixture
def account(server: Server) -> Account:
    return Account(server.url, ACCOUNT, ACCOUNT_SECRET)


def status_of(url: str, project: dict[str, Any]) -> int:
    """Call the API with the key and secret of a project; return the status."""
    return Api(url, project["id"], project["secret"]).project("GET", "/archive").status


def test_project_is_made_with_a_key_and_a_secret(server: Server, account: Account) -> None:
    project = account.create({"name": "Acme"})
    assert re.fullmatch("[1-9][0-9]{7}", project["id"])
    assert re.fullmatch("[0-9a-f]{40}", project["secret"])
    assert project == {
        "id": project["id"],
        "secret": project["secret"],
        "status": "ACTIVE",
        "name": "Acme",
        "environment": "standard",
        "createdAt": NOW * 1000,
    }
    assert status_of(account.url, project) == 200
    (entry,) = server.requests(created=True)
    assert (entry.path, entry.project_id) == ("/v2/project", ACCOUNT)


def test_key_that_is_taken_is_not_given_twice(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter([KEY, OTHER_KEY, "70000009"])
    monkeypatch.setattr(Ids, "digits", lambda self, size: next(drawn))
    assert account.create()["id"] == "70000009"


def test_sessions_of_an_unknown_project_admit_no_clients(tmp_path: Path) -> None:
    db, clock = tmp_path / "emulator.db", Clock(lambda: NOW)
    projects = {KEY: SECRET, OTHER_KEY: OTHER_SECRET}
    with serve(db=db, projects=projects, clock=clock) as server:
        session_id = Api(server.url, OTHER_KEY, OTHER_SECRET).create_session()
    with serve(db=db, projects={KEY: SECRET}, clock=clock) as server:
        api = Api(server.url)
        answer = api.join_with(session_id, client_token(session_id))
    assert answer.status == 403
    assert "whoever created the session is unknown here" in answer.json()["message"]


@pytest.mark.parametrize("body", [None, {}, {"name": None}])
def test_project_needs_no_name(account: Account, body: object) -> None:
    assert account.create(body)["name"] == ""


@pytest.mark.parametrize(
    ("environment_id", "environment"),
    [("standard", "standard"), ("enterprise", "enterprise"), ("5", "enterprise")],
)
def test_environment_is_chosen_by_an_id(
    account: Account, environment_id: str, environment: str
) -> None:
    project = account.create({"environmentId": environment_id})
    assert project["environment"] == environment


@pytest.mark.parametrize(
    "body", [b"{", b"[]", {"name": 7}, {"environmentId": 7}, {"environmentId": ""}]
)
def test_malformed_project_is_refused(account: Account, body: object) -> None:
    assert account.manage("POST", "", body).status == 400
    assert len(account.manage("GET").json()) == 2


def test_projects_are_an_array_with_those_of_the_start(account: Account) -> None:
    made = account.create()
    projects = account.manage("GET").json()
    assert [project["id"] for project in projects] == [KEY, OTHER_KEY, made["id"]]
    assert projects[0]["secret"] == SECRET
    assert projects[-1] == made
    assert account.manage("GET", f"/{made['id']}").json() == made


def test_made_project_is_on_the_front_page_too(account: Account) -> None:
    made = account.create()["id"]
    index = account.request("GET", "/_emulator/").json()
    assert index["projects"][-1]["apiKey"] == made
    account.manage("DELETE", f"/{made}")
    index = account.request("GET", "/_emulator/").json()
    assert [project["apiKey"] for project in index["projects"]] == [KEY, OTHER_KEY]


def test_suspended_project_is_refused_until_it_is_active_again(account: Account) -> None:
    project = account.create()
    path = f"/{project['id']}"
    suspended = account.manage("PUT", path, {"status": "SUSPENDED"})
    assert (suspended.status, suspended.json()) == (200, {**project, "status": "SUSPENDED"})
    refused = Api(account.url, project["id"], project["secret"]).project("GET", "/archive")
    assert (refused.status, refused.json()["code"]) == (403, -1)
    assert "SUSPENDED" in refused.json()["message"]
    assert account.manage("PUT", path, {"status": "ACTIVE"}).json() == project
    assert status_of(account.url, project) == 200


def test_clients_of_a_suspended_project_are_refused(account: Account, api: Api) -> None:
    session_id = api.create_session()
    account.manage("PUT", f"/{KEY}", {"status": "SUSPENDED"})
    for token in (t1_token(session_id), client_token(session_id)):
        answer = api.join_with(session_id, token)
        assert (answer.status, answer.json()["code"]) == (403, 1004)
        assert answer.json()["message"] == "the project is suspended"


def test_page_can_do_no_more_for_a_suspended_project(account: Account, api: Api) -> None:
    session_id = api.create_session()
    account.manage("PUT", f"/{KEY}", {"status": "SUSPENDED"})
    for path in ("/session/create", f"/v2/project/{KEY}/archive"):
        by_page = api.request("POST", f"/_emulator/as/{KEY}{path}", {})
        by_client = api.request("POST", path, {})
        assert (by_page.status, by_page.body) == (403, by_client.body)
    joined = api.request("POST", f"/_emulator/session/{session_id}/client")
    assert (joined.status, joined.json()["code"]) == (403, 1004)
    assert joined.json()["message"] == "the project is suspended"
    account.manage("PUT", f"/{KEY}", {"status": "ACTIVE"})
    joined = api.request("POST", f"/_emulator/session/{session_id}/client")
    assert joined.status == 201


def test_environment_alone_can_be_changed(account: Account) -> None:
    path = f"/{account.create()['id']}"
    changed = account.manage("PUT", path, {"environmentId": "enterprise"}).json()
    assert (changed["status"], changed["environment"]) == ("ACTIVE", "enterprise")


@pytest.mark.parametrize(
    "body", [b"", b"{", {}, {"status": "DELETED"}, {"status": "active"}, {"status": []}]
)
def test_malformed_status_is_refused(account: Account, body: object) -> None:
    project = account.create()
    assert account.manage("PUT", f"/{project['id']}", body).status == 400
    assert account.manage("GET", f"/{project['id']}").json() == project


def test_refreshed_secret_replaces_the_old_one(account: Account) -> None:
    project = account.create()
    answer = account.manage("POST", f"/{project['id']}/refreshSecret")
    refreshed = answer.json()
    assert answer.status == 200
    assert refreshed["secret"] != project["secret"]
    assert {**refreshed, "secret": project["secret"]} == project
    assert status_of(account.url, project) == 403
    assert status_of(account.url, refreshed) == 200


def test_secret_from_the_start_can_be_refreshed_and_tokens_with_it(
    account: Account, api: Api
) -> None:
    session_id = api.create_session()
    secret = account.manage("POST", f"/{KEY}/refreshSecret").json()["secret"]
    assert api.project("GET", "/archive").status == 403
    assert api.join_with(session_id, client_token(session_id)).status == 403
    token = client_token(session_id, secret=secret)
    assert api.join_with(session_id, token).status == 201


def test_deleted_project_is_gone(account: Account) -> None:
    project = account.create()
    path = f"/{project['id']}"
    answer = account.manage("DELETE", path)
    assert (answer.status, answer.body) == (204, b"")
    assert status_of(account.url, project) == 403
    for method, rest in (
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("POST", "/refreshSecret"),
    ):
        body = {"status": "ACTIVE"}
        assert account.manage(method, path + rest, body).status == 404
    assert project["id"] not in [each["id"] for each in account.manage("GET").json()]


@pytest.mark.parametrize("path", ["/40009999", "/x", f"/{ACCOUNT}"])
def test_unknown_project_is_not_found(account: Account, path: str) -> None:
    assert account.manage("GET", path).status == 404


def test_credentials_of_a_project_do_not_manage_projects(api: Api) -> None:
    for method, path in (("GET", ""), ("POST", ""), ("GET", f"/{KEY}")):
        answer = api.request(method, f"/v2/project{path}")
        assert (answer.status, answer.json()["code"]) == (403, -1)


def test_credentials_of_an_account_do_nothing_else(account: Account) -> None:
    assert account.request("POST", "/session/create").status == 403
    assert account.request("GET", f"/v2/project/{KEY}/archive").status == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"ist": "project"},
        {"ist": None},
        {"secret": "wrong"},
        {"exp": NOW - 60},
        {"iss": OTHER_ACCOUNT},
        {"iss": None},
    ],
)
def test_bad_credentials_of_an_account_are_refused(
    account: Account, changes: dict[str, Any]
) -> None:
    secret = changes.pop("secret", ACCOUNT_SECRET)
    header = credentials(ACCOUNT, secret, **{"ist": "account", **changes})
    answer = account.request("GET", "/v2/project", headers={"X-OPENTOK-AUTH": header})
    assert (answer.status, answer.json()["code"]) == (403, -1)
    for unreadable in (None, "nonsense", "a.b.c"):
        headers = {"X-OPENTOK-AUTH": unreadable}
        assert account.request("GET", "/v2/project", headers=headers).status == 403


def test_account_reaches_its_own_projects_only() -> None:
    accounts = {
        ACCOUNT: ACCOUNT_SECRET,
        OTHER_ACCOUNT: "another0account0secret0another0account",
    }
    with serve(accounts=accounts, clock=Clock(lambda: NOW)) as server:
        one = Account(server.url, ACCOUNT, ACCOUNT_SECRET)
        two = Account(server.url, OTHER_ACCOUNT, accounts[OTHER_ACCOUNT])
        made = two.create()["id"]
        # The projects of the start belong to the first account.
        assert [each["id"] for each in one.manage("GET").json()] == [KEY]
        assert [each["id"] for each in two.manage("GET").json()] == [made]
        assert one.manage("GET", f"/{made}").status == 404
        assert one.manage("DELETE", f"/{made}").status == 404


@pytest.mark.trap(35)
def test_old_prefix_and_trailing_slashes_lead_to_the_same(account: Account) -> None:
    for path in ("/v2/partner", "/v2/partner/", "/v2/project/"):
        assert len(account.request("GET", path).json()) == 2
    for path in (f"/v2/partner/{KEY}", f"/v2/project/{KEY}/"):
        assert account.request("GET", path).json()["id"] == KEY


def test_projects_survive_a_restart_and_given_secrets_stay_out_of_the_file(
    tmp_path: Path,
) -> None:
    db = tmp_path / "emulator.db"
    given = {KEY: OTHER_SECRET}
    with serve(db=db, projects=given, clock=Clock(lambda: NOW)) as server:
        account = Account(server.url, ACCOUNT, ACCOUNT_SECRET)
        made = account.create({"name": "kept"})
        account.manage("PUT", f"/{KEY}", {"status": "SUSPENDED"})
    assert OTHER_SECRET.encode() not in db.read_bytes()
    with serve(db=db, projects=given, clock=Clock(lambda: NOW)) as server:
        account = Account(server.url, ACCOUNT, ACCOUNT_SECRET)
        assert account.manage("GET", f"/{made['id']}").json() == made
        assert account.manage("GET", f"/{KEY}").json()["status"] == "SUSPENDED"
        assert status_of(server.url, made) == 200


def test_no_secret_is_in_the_request_log_or_the_state(
    server: Server, account: Account
) -> None:
    secret = account.create()["secret"]
    text = json.dumps([entry.describe() for entry in server.requests()])
    text += account.request("GET", "/_emulator/state").body.decode()
    assert secret not in text


def test_same_seed_makes_the_same_project() -> None:
    def run() -> dict[str, Any]:
        with serve(seed=3, clock=Clock(lambda: NOW)) as server:
            return Account(server.url, ACCOUNT, ACCOUNT_SECRET).create()

    assert run() == run()


def test_strict_rules_refuse_unknown_members() -> None:
    rules = Rules(refuse_unknown_fields=True)
    with serve(strict=rules, clock=Clock(lambda: NOW)) as server:
        account = Account(server.url, ACCOUNT, ACCOUNT_SECRET)
        assert account.manage("POST", "", {"title": "Acme"}).status == 400
