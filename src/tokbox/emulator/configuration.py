"""What an emulator in the foreground reads from files and the environment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from tokbox.errors import InvalidInput
from tokbox.secrecy import conceal

__all__ = [
    "ENVIRONMENT_VARIABLE",
    "projects_from_environment",
    "projects_from_file",
    "webhooks_from_file",
]

#: ``key:secret,key:secret``
ENVIRONMENT_VARIABLE = "TOKBOX_EMULATOR_PROJECTS"


@conceal
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


@conceal
def webhooks_from_file(path: str | os.PathLike[str]) -> dict[str, dict[str, str]]:
    """Read a JSON object that maps tenants to their webhooks, as ``serve`` takes them.

    Raises :class:`InvalidInput` if it is anything else, and :class:`OSError` if it
    cannot be read.
    """
    rule = 'be a JSON file such as {"12345678": {"archive_status": "http://localhost/"}}'
    with open(path, encoding="utf-8") as file:
        try:
            content = json.load(file)
        except (ValueError, RecursionError):
            raise InvalidInput("webhooks", os.fspath(path), rule) from None
    if not isinstance(content, dict) or not all(
        isinstance(webhooks, dict) for webhooks in content.values()
    ):
        raise InvalidInput("webhooks", os.fspath(path), rule)
    return content


@conceal
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
