"""References to keys, for jobs that run on other machines.

Engines store and show the arguments of a job, in object stores, event logs and task graphs.
A job therefore contains a reference to its key, which is resolved on the worker:

``env:NAME``
    the environment variable of that name
``file:PATH``
    the content of that file
``import:MODULE:FUNCTION``
    what that function returns, called without arguments: for a service that keeps secrets

Each leads to an API secret, or to a private key as PEM. A byte order mark at the start
of a variable or a file and one line end at its end are removed. Errors never show what
was found.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from tokbox.errors import InvalidInputError
from tokbox.exact import exact_text
from tokbox.lazy import set_module
from tokbox.pickling import PickledByName
from tokbox.secrecy import strip_traceback
from tokbox.tokens.claims import check_project_id
from tokbox.tokens.credentials import clean, read
from tokbox.tokens.signer import Signer

__all__ = ["KeyRef"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", re.ASCII)


@set_module("tokbox.integrations")
@strip_traceback
@dataclass(frozen=True, slots=True)
class KeyRef(PickledByName):
    """A reference to a key: where it is, without the key (`tokbox.integrations.keyref`).

    It can be printed, logged, pickled and compared. InvalidInputError, which does not show
    what was given, if it is no such reference: it might be the secret itself.
    """

    reference: str

    def __post_init__(self) -> None:
        text = exact_text(self.reference) or ""
        scheme, _, place = text.partition(":")
        wellformed = {
            "env": _NAME.fullmatch(place),
            "file": place and "\0" not in place,
            "import": _FUNCTION.fullmatch(place),
        }
        if not wellformed.get(scheme):
            rule = "be env:NAME, file:PATH or import:MODULE:FUNCTION"
            raise InvalidInputError("key", None, rule, show=False)
        object.__setattr__(self, "reference", text)

    def __str__(self) -> str:
        return self.reference

    def resolve(self) -> str:
        """Return the secret that this leads to. InvalidInputError if there is none."""
        scheme, _, place = self.reference.partition(":")
        secret, problem = _SCHEMES[scheme](place)
        if problem:
            raise self._wrong(problem)
        return secret

    def signer(self, project_id: str) -> Signer:
        """Make the signer of a project or application, with what this leads to.

        *project_id* is an API key or an application id.
        InvalidInputError if there is nothing, or nothing that signs for *project_id*.
        """
        project_id = check_project_id(project_id)
        try:
            return _signer(project_id, self.resolve())
        except InvalidInputError as error:
            if error.field == "key":
                raise
            problem = error.rule
        # Outside of the handler: nothing that holds the secret goes along.
        raise self._wrong(problem)

    def _wrong(self, problem: str) -> InvalidInputError:
        rule = f"lead to a key, and {self.reference} does not: {problem}"
        return InvalidInputError("key", None, rule, show=False)


def _signer(project_id: str, secret: str) -> Signer:
    if project_id.isdecimal():
        return Signer(project_id, secret)
    # As bytes it is the key, whatever it looks like, and never a path.
    return Signer.from_private_key(project_id, secret.encode(errors="replace"))


# Each returns a secret and "", or "" and what is wrong.


def _from_environment(name: str) -> tuple[str, str]:
    secret = clean(os.environ.get(name, ""))
    return secret, "" if secret else "there is no such variable here, or it is empty"


def _from_file(path: str) -> tuple[str, str]:
    try:
        secret = read(path)
    except OSError as error:
        return "", error.strerror or "it cannot be read"
    except ValueError as error:
        return "", str(error)
    return secret, "" if secret else "the file is empty"


def _from_function(place: str) -> tuple[str, str]:
    module, _, name = place.partition(":")
    try:
        found = getattr(import_module(module), name)()
    except Exception as error:
        # Its message may contain the secret.
        return "", f"it raised {type(error).__name__}"
    if isinstance(found, bytes):
        found = found.decode(errors="replace")
    text = exact_text(found)
    return (text, "") if text else ("", "the function did not return text")


_SCHEMES: dict[str, Callable[[str], tuple[str, str]]] = {
    "env": _from_environment,
    "file": _from_file,
    "import": _from_function,
}
