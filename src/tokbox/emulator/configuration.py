"""What an emulator in the foreground reads from files and the environment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from tokbox.errors import InvalidInputError
from tokbox.secrecy import strip_traceback
from tokbox.tokens.credentials import clean, is_utf_16

__all__ = [
    "ENVIRONMENT_VARIABLE",
    "projects_from_environment",
    "projects_from_file",
    "webhooks_from_file",
]

#: ``key:secret,key:secret``
ENVIRONMENT_VARIABLE = "TOKBOX_EMULATOR_PROJECTS"


@strip_traceback
def projects_from_file(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read a JSON object that maps API keys to secrets.

    Raises :class:`InvalidInputError` if it is anything else, and :class:`OSError` if it
    cannot be read.
    """
    example = '{"12345678": "the secret"}'
    return _object_from_file("projects", path, example, str)


@strip_traceback
def webhooks_from_file(path: str | os.PathLike[str]) -> dict[str, dict[str, str]]:
    """Read a JSON object that maps project IDs to webhooks, in the form ``serve`` takes.

    Raises :class:`InvalidInputError` if it is anything else, and :class:`OSError` if it
    cannot be read.
    """
    example = '{"12345678": {"archive_status": "http://localhost/"}}'
    return _object_from_file("webhooks", path, example, dict)


def _object_from_file(
    field: str, path: str | os.PathLike[str], example: str, kind: type
) -> dict[str, Any]:
    """Read a JSON object whose values are of this *kind*."""
    with open(path, "rb") as file:
        data = file.read()
    rule = f"be a JSON file such as {example}"
    if is_utf_16(data):
        rule += " in UTF-8: it is UTF-16"
    else:
        try:
            content = json.loads(data.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            # The message of the parser may quote a secret.
            content = None
        if isinstance(content, dict) and all(
            isinstance(value, kind) for value in content.values()
        ):
            return content
    raise InvalidInputError(field, os.fspath(path), rule)


@strip_traceback
def projects_from_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Read ``key:secret,key:secret`` from :data:`ENVIRONMENT_VARIABLE`."""
    text = clean((os.environ if environ is None else environ).get(ENVIRONMENT_VARIABLE, ""))
    secrets = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        api_key, colon, secret = item.partition(":")
        if not (api_key and colon and secret):
            raise InvalidInputError(
                ENVIRONMENT_VARIABLE, text, "look like key:secret,key:secret", show=False
            )
        secrets[api_key] = secret
    return secrets
