"""The projects of an OpenTok account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tokbox.lazy import set_module
from tokbox.literals import ProjectStatusName
from tokbox.response_enums import ProjectStatus
from tokbox.rest.models.base import Entity, enum_field, str_field
from tokbox.rest.models.page import iter_list
from tokbox.rest.resources.base import Collection
from tokbox.rest.validation import choice, omit_none, optional, string

if TYPE_CHECKING:
    from tokbox.rest.models.page import Page

__all__ = ["Project", "Projects"]


@set_module("tokbox.types")
@dataclass(frozen=True, slots=True, kw_only=True)
class Project(Entity):
    """One project; its ``id`` is the API key."""

    _label = "a project"

    secret: str = str_field(secret=True)
    status: ProjectStatus | str = enum_field(ProjectStatus)
    name: str = str_field()
    #: ``standard`` or ``enterprise``.
    environment: str = str_field("environment", "environmentName")
    environment_description: str = str_field()


@set_module("tokbox.types")
class Projects(Collection[Project]):
    """The projects of an account, available as ``account.projects``."""

    __slots__ = ()

    _noun = "projects"
    _kind = Project
    _id_field = "api_key"

    @property
    def _path(self) -> str:
        return "/v2/project"

    def __repr__(self) -> str:
        return f"<projects of account {self._requester.owner_id}>"

    def create(
        self,
        name: str | None = None,
        *,
        environment_id: str | None = None,
        timeout: float | None = None,
    ) -> Project:
        """Create a project. The returned project has its ``secret``."""
        body = omit_none(
            name=optional(string, "name", name),
            environmentId=optional(string, "environment_id", environment_id, min_length=1),
        )
        return self._request(Project, "POST", self._path, body or None, timeout)

    def list(self, *, timeout: float | None = None) -> Page[Project]:
        """Return all projects of the account."""
        return self._request_array(Project, self._path, timeout)

    def iter(self, *, timeout: float | None = None) -> Iterator[Project]:
        """Return an iterator over the items of ``list``, requested at the first item."""
        return iter_list(lambda: self.list(timeout=timeout))

    def set_status(
        self,
        id: str,
        /,
        status: ProjectStatus | ProjectStatusName,
        *,
        timeout: float | None = None,
    ) -> Project:
        """Suspend or reactivate a project."""
        body = {"status": choice("status", status, ProjectStatus)}
        return self._request(Project, "PUT", self._item_path(id), body, timeout)

    def refresh_secret(self, id: str, /, *, timeout: float | None = None) -> Project:
        """Replace the ``secret`` of a project; the old one stops working.

        Everything signed with the old secret, including tokens, becomes invalid.
        """
        path = self._item_path(id, "/refreshSecret")
        return self._request(Project, "POST", path, None, timeout)

    def delete(self, id: str, /, *, timeout: float | None = None) -> None:
        """Delete a project permanently."""
        self._requester.request("DELETE", self._item_path(id), timeout=timeout)
