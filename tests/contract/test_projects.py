"""The client of an account against the emulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tokbox import Account, Tokbox, errors
from tokbox.emulator import Server, serve
from tokbox.rest.resources.projects import Project


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as server:
        yield server


@pytest.fixture
def account(server: Server) -> Iterator[Account]:
    with Account(
        server.account_key, server.account_secret, server.url, trust_env=False
    ) as account:
        yield account


def use(server: Server, project: Project) -> None:
    """Create a session with the key and secret of a project."""
    with Tokbox(project.id, project.secret, server.url, trust_env=False) as tb:
        tb.new_session()


def test_a_project_lives_from_creation_to_deletion(
    server: Server, account: Account
) -> None:
    project = account.projects.create("rooms", environment_id="enterprise")
    assert (project.name, project.status, project.environment) == (
        "rooms",
        "ACTIVE",
        "enterprise",
    )
    assert dict(project.unknown) == {}
    assert account.projects.get(project.id) == project
    assert [each.id for each in account.projects.list()] == [server.api_key, project.id]
    use(server, project)
    account.projects.delete(project.id)
    with pytest.raises(errors.NotFoundError):
        account.projects.get(project.id)
    with pytest.raises(errors.AuthenticationError):
        use(server, project)


def test_a_suspended_project_is_refused(server: Server, account: Account) -> None:
    project = account.projects.create()
    assert account.projects.set_status(project.id, "SUSPENDED").status == "SUSPENDED"
    with pytest.raises(errors.AuthenticationError):
        use(server, project)
    account.projects.set_status(project.id, "ACTIVE")
    use(server, project)


def test_a_refreshed_secret_replaces_the_old_one(server: Server, account: Account) -> None:
    project = account.projects.create()
    refreshed = account.projects.refresh_secret(project.id)
    with pytest.raises(errors.AuthenticationError):
        use(server, project)
    use(server, refreshed)


def test_a_project_is_not_an_account(server: Server) -> None:
    with (
        Account(server.api_key, server.secret, server.url, trust_env=False) as account,
        pytest.raises(errors.AuthenticationError),
    ):
        account.projects.list()
