"""Run an emulator in the foreground until Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any, TextIO
from urllib.parse import urlsplit

from tokbox.emulator.app import PROCESSING_DELAY
from tokbox.emulator.model.clock import Clock
from tokbox.emulator.model.hosts import DEFAULT_PORT, is_local_name
from tokbox.emulator.model.rules import Rules
from tokbox.emulator.server import serve
from tokbox.emulator.store.accounts import (
    DEFAULT_API_KEY,
    DEFAULT_APPLICATION_ID,
    DEFAULT_SECRET,
)
from tokbox.errors import InvalidInputError
from tokbox.lazy import set_module
from tokbox.pickling import PickledByName
from tokbox.private_files import open_private
from tokbox.secrecy import safe_repr, strip_traceback
from tokbox.tokens.credentials import clean, is_utf_16

__all__ = [
    "ENVIRONMENT_VARIABLE",
    "Announcement",
    "projects_from_environment",
    "projects_from_file",
    "run",
    "webhooks_from_file",
]


#: ``key:secret,key:secret``
ENVIRONMENT_VARIABLE = "TOKBOX_EMULATOR_PROJECTS"


@set_module("tokbox.emulator")
@safe_repr
@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement(PickledByName):
    """The URL of a foreground emulator and the credentials that it accepts."""

    url: str
    #: API keys with their secrets; ``None`` for a secret that is not public.
    projects: Mapping[str, str | None]
    applications: tuple[str, ...]
    #: Account keys with their secrets, all of which are public.
    accounts: Mapping[str, str]

    @property
    def reach(self) -> str:
        """Which machines can reach it, as text. The control routes need no credentials."""
        if is_local_name(urlsplit(self.url).hostname or ""):
            return "reachable from this machine only"
        return "reachable by others, and whoever reaches it may control it"

    def lines(self) -> list[str]:
        """Return the announcement as lines of plain text, the URL first."""
        return [
            self.url,
            self.reach,
            *(
                f"api key {api_key}  secret {secret or '(as configured)'}"
                for api_key, secret in self.projects.items()
            ),
            *(f"application {application_id}" for application_id in self.applications),
            *(f"account {key}  secret {secret}" for key, secret in self.accounts.items()),
        ]


@set_module("tokbox.emulator")
@strip_traceback
def run(
    *,
    port: int = DEFAULT_PORT,
    db: str | os.PathLike[str] | None = None,
    projects: Mapping[str, str] | None = None,
    projects_file: str | os.PathLike[str] | None = None,
    applications: Mapping[str, str | bytes | None] | None = None,
    key_out: str | os.PathLike[str] | None = None,
    host: str = "127.0.0.1",
    clock: Clock | None = None,
    processing_delay: float = PROCESSING_DELAY,
    strict: bool | Rules = False,
    seed: int | None = None,
    webhooks: Mapping[str, Mapping[str, str]] | None = None,
    webhooks_anywhere: bool = False,
    allow_hosts: Collection[str] = (),
    out: TextIO | None = None,
    announce: Callable[[Announcement], None] | None = None,
) -> None:
    """Run an emulator until SIGINT or SIGTERM. Call it from the main thread.

    Prints its URL on *out* (default: standard output), then which machines can reach it,
    then its projects, applications and accounts. Only the default secrets are printed; they
    are public. If *announce* is given, it is called with the :class:`Announcement` instead,
    once the emulator accepts requests.

    The projects are the default one and those of the environment, of *projects_file* and of
    *projects*. The applications are the default one and *applications*. The private key of
    the default application is written to *key_out* only, a file that only its owner may
    read. The other parameters are as in :func:`serve`; *port* 0 selects a free port here
    too.

    Raises the exceptions of :func:`serve`, and :class:`OSError` if a file cannot be read or
    written.
    """
    everyone = {
        DEFAULT_API_KEY: DEFAULT_SECRET,
        **projects_from_environment(),
        **({} if projects_file is None else projects_from_file(projects_file)),
        **(projects or {}),
    }
    known = {DEFAULT_APPLICATION_ID: None, **(applications or {})}
    default = (DEFAULT_API_KEY, DEFAULT_SECRET)
    stopping = threading.Event()
    server = serve(
        port=port,
        db=db,
        projects=everyone,
        applications=known,
        host=host,
        clock=clock,
        processing_delay=processing_delay,
        strict=strict,
        seed=seed,
        webhooks=webhooks,
        webhooks_anywhere=webhooks_anywhere,
        allow_hosts=allow_hosts,
    )
    with _on_signals(stopping), server:
        if key_out is not None:
            _write_key(key_out, server.private_key)
        announcement = Announcement(
            url=server.url,
            projects={
                api_key: secret if (api_key, secret) == default else None
                for api_key, secret in everyone.items()
            },
            applications=tuple(known),
            accounts={server.account_key: server.account_secret},
        )
        if announce is None:
            _print_announcement(announcement, sys.stdout if out is None else out)
        else:
            announce(announcement)
        # Wait in steps: on Windows, a wait without a timeout ignores Ctrl-C.
        while not stopping.wait(0.5):
            pass


def _print_announcement(announcement: Announcement, out: TextIO | None) -> None:
    if out is None:  # the process has no standard output
        return
    for line in announcement.lines():
        print(line, file=out)
    out.flush()


def _write_key(path: str | os.PathLike[str], pem: str) -> None:
    with open(path, "w", encoding="ascii", opener=open_private) as file:
        file.write(pem)


@contextlib.contextmanager
def _on_signals(event: threading.Event) -> Iterator[None]:
    """Set *event* at SIGINT or SIGTERM, and restore the previous handlers afterwards."""

    def note(number: int, frame: FrameType | None) -> None:
        event.set()

    before = {
        number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# Files and the environment.


@strip_traceback
def projects_from_file(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read a JSON object that maps API keys to secrets.

    Raises :class:`InvalidInputError` if the file has any other content, and
    :class:`OSError` if it cannot be read.
    """
    example = '{"12345678": "the secret"}'
    return _object_from_file("projects", path, example, str)


@strip_traceback
def webhooks_from_file(path: str | os.PathLike[str]) -> dict[str, dict[str, str]]:
    """Read a JSON object that maps project IDs to webhooks, in the form ``serve`` takes.

    Raises :class:`InvalidInputError` if the file has any other content, and
    :class:`OSError` if it cannot be read.
    """
    example = '{"12345678": {"archive_status": "http://localhost/"}}'
    return _object_from_file("webhooks", path, example, dict)


def _object_from_file(
    field: str, path: str | os.PathLike[str], example: str, kind: type
) -> dict[str, Any]:
    """Read a JSON object whose values are instances of *kind*."""
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
