"""Who may call: API keys and their secrets, from code, a file or the environment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from tokbox.errors import InvalidInput
from tokbox.tokens.claims import check_api_key, check_secret

__all__ = [
    "DEFAULT_API_KEY",
    "DEFAULT_SECRET",
    "ENVIRONMENT_VARIABLE",
    "Project",
    "is_application",
    "make_projects",
    "projects_from_environment",
    "projects_from_file",
    "tenant_fields",
]

#: The project that exists if no other is named. Its secret is public by design: it
#: opens nothing but an emulator on this machine.
DEFAULT_API_KEY = "12345678"
DEFAULT_SECRET = "devsecret"  # noqa: S105

#: ``key:secret,key:secret``
ENVIRONMENT_VARIABLE = "TOKBOX_EMULATOR_PROJECTS"


@dataclass(frozen=True, slots=True)
class Project:
    """An API key with its secret, which is neither shown nor pickled."""

    api_key: str
    secret: str = field(repr=False)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Project holds a secret and cannot be pickled")


def is_application(tenant: str) -> bool:
    """Tell the id of an application, a UUID, from an API key, a number."""
    return not tenant.isdecimal()


def tenant_fields(tenant: str) -> dict[str, Any]:
    """Return the members by which archives and broadcasts say whose they are."""
    if is_application(tenant):
        return {"applicationId": tenant}
    return {"projectId": int(tenant), "partnerId": int(tenant)}


def make_projects(secrets: Mapping[str, str] | None) -> dict[str, Project]:
    """Check keys and secrets by the rules of signing; without any, return the default.

    Raises :class:`InvalidInput`, which shows no secret.
    """
    if secrets is None:
        secrets = {DEFAULT_API_KEY: DEFAULT_SECRET}
    if not secrets:
        raise InvalidInput("projects", secrets, "name at least one project", show=False)
    projects = {}
    for api_key, secret in secrets.items():
        check_secret(secret)
        checked = check_api_key(api_key)
        projects[checked] = Project(checked, secret)
    return projects


def projects_from_file(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read a JSON object that maps API keys to secrets.

    Raises :class:`InvalidInput` if it is anything else, and :class:`OSError` if it
    cannot be read.
    """
    rule = 'be a JSON file such as {"12345678": "the secret"}'
    with open(path, encoding="utf-8") as file:
        try:
            content = json.load(file)
        except (ValueError, RecursionError):
            # The parser's own message may quote a secret.
            raise InvalidInput("projects", os.fspath(path), rule) from None
    if not isinstance(content, dict) or not all(
        isinstance(secret, str) for secret in content.values()
    ):
        raise InvalidInput("projects", os.fspath(path), rule)
    return content


def projects_from_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Read ``key:secret,key:secret`` from :data:`ENVIRONMENT_VARIABLE`."""
    text = (os.environ if environ is None else environ).get(ENVIRONMENT_VARIABLE, "")
    secrets = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        api_key, colon, secret = item.partition(":")
        if not (api_key and colon and secret):
            raise InvalidInput(
                ENVIRONMENT_VARIABLE, text, "look like key:secret,key:secret", show=False
            )
        secrets[api_key] = secret
    return secrets
