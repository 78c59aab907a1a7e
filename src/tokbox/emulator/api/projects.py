"""The projects of an account, and the JSON representation of projects and applications."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.request import RequestContext
from tokbox.emulator.http.responses import json_response
from tokbox.emulator.options.fields import Fields
from tokbox.emulator.store.accounts import Application, Project

__all__ = [
    "create",
    "delete",
    "describe",
    "get",
    "list_all",
    "refresh_secret",
    "set_status",
]

_KEY_DIGITS = 8
#: In bytes; a secret has two hexadecimal digits for each.
_SECRET_SIZE = 20
_STATUSES = ("ACTIVE", "SUSPENDED")


def describe(project: Project | Application) -> dict[str, Any]:
    """Return the details of a project, including its secret, or of an application."""
    if isinstance(project, Application):
        return {
            "applicationId": project.application_id,
            "status": "ACTIVE",
            "name": "",
            "environment": "standard",
            "createdAt": project.created_ms,
        }
    return {
        "id": project.api_key,
        "secret": project.secret,
        "status": project.status,
        "name": project.name,
        "environment": project.environment,
        "createdAt": project.created_ms,
    }


def create(context: RequestContext) -> Response:
    """``POST /v2/project``: create a project; the body may be empty."""
    fields = context.fields() if context.body else Fields({})
    name = fields.read_str("name")
    environment = _environment(fields, "standard")
    fields.finish()
    project = Project(
        api_key=_new_key(context),
        secret=_new_secret(context),
        account_key=context.account.account_key,
        name=name,
        environment=environment,
        created_ms=context.now_ms,
    )
    return _save(context, project)


def list_all(context: RequestContext) -> Response:
    """``GET /v2/project``: an array of the projects that are not deleted, oldest first."""
    projects = context.emulator.accounts.projects_of(context.account)
    return json_response([describe(project) for project in projects])


def get(context: RequestContext) -> Response:
    """``GET /v2/project/{apiKey}``"""
    return json_response(describe(_project(context)))


def set_status(context: RequestContext) -> Response:
    """``PUT /v2/project/{apiKey}``: suspend or reactivate a project."""
    project = _project(context)
    fields = context.fields()
    status = fields.pop("status", project.status if "environmentId" in fields else None)
    if not (isinstance(status, str) and status in _STATUSES):
        raise HTTPError(400, f"status must be {' or '.join(_STATUSES)}")
    environment = _environment(fields, project.environment)
    fields.finish()
    return _save(context, replace(project, status=status, environment=environment))


def refresh_secret(context: RequestContext) -> Response:
    """``POST /v2/project/{apiKey}/refreshSecret``: the old secret stops working."""
    return _save(context, replace(_project(context), secret=_new_secret(context)))


def delete(context: RequestContext) -> Response:
    """``DELETE /v2/project/{apiKey}``: permanent."""
    context.emulator.accounts.save(replace(_project(context), status="DELETED"))
    return Response(status_code=204)


def _project(context: RequestContext) -> Project:
    project = context.emulator.accounts.project(context.param("api_key"))
    if project is None or project.account_key != context.account.account_key:
        raise HTTPError(404, "Project not found")
    return project


def _save(context: RequestContext, project: Project) -> Response:
    context.emulator.accounts.save(project)
    return json_response(describe(project))


def _environment(fields: Fields, default: str) -> str:
    # The valid IDs are not documented. All except "standard" select the enterprise
    # environment, which is the purpose of the field.
    if "environmentId" not in fields:
        return default
    chosen = fields.read_str("environmentId", min_length=1)
    return "standard" if chosen == "standard" else "enterprise"


def _new_key(context: RequestContext) -> str:
    while True:
        key = context.emulator.ids.digits(_KEY_DIGITS)
        if not context.emulator.accounts.is_taken(key):
            return key


def _new_secret(context: RequestContext) -> str:
    return context.emulator.ids.hex(_SECRET_SIZE)
