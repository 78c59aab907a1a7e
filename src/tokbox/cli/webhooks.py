"""``tokbox webhooks``: send sample webhooks, to test a handler."""

from __future__ import annotations

import contextlib
import json
import os
import time
import uuid
from typing import TYPE_CHECKING, Any

import click

from tokbox.cli.common import exit_codes
from tokbox.cli.common.output import note, print_json, print_record, print_table
from tokbox.cli.common.params import (
    CommandError,
    Group,
    NoResponseError,
    json_option,
    read_secret,
)

if TYPE_CHECKING:
    from tokbox.emulator.model.events import Event

__all__ = ["webhooks"]

_SECRET = "TOKBOX_SIGNATURE_SECRET"  # noqa: S105 - the name of a variable
#: The project of samples if no credentials are set: that of an emulator.
_PROJECT = "12345678"


@click.group(cls=Group)
def webhooks() -> None:
    """Send sample webhooks to a handler.

    The samples are webhooks that the emulator sends for the same events.
    """


@webhooks.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the events, and the values of --status for each of them."""
    found = _samples(_PROJECT)
    if as_json:
        print_json(
            [{"event": name, "statuses": list(filter(None, found[name]))} for name in found]
        )
        return
    rows = [(name, ", ".join(found[name])) for name in found]
    print_table(("EVENT", "STATUS"), rows)


@webhooks.command()
@click.argument("event", metavar="EVENT")
@click.option("--to", "url", metavar="URL", required=True, help="The URL of the handler.")
@click.option(
    "--status",
    metavar="STATUS",
    help="For the events archive_status, broadcast_status, captions_status and "
    "render_status: the new status.",
)
@click.option(
    "--set",
    "changes",
    metavar="FIELD=VALUE",
    multiple=True,
    help="Replace a field of the body, such as sessionId=X or stream.name=screen. VALUE is "
    "JSON, or else text. Can be repeated.",
)
@click.option(
    "--project-id",
    metavar="ID",
    help="The API key or application ID in the webhook. By default that of the "
    f"credentials, or {_PROJECT}.",
)
@click.option(
    "--signature-secret-file",
    metavar="FILE",
    help="Sign the webhook with the signature secret in this file; - reads standard input. "
    f"Overrides {_SECRET}.",
)
@json_option
@click.pass_context
def trigger(
    context: click.Context,
    event: str,
    url: str,
    status: str | None,
    changes: tuple[str, ...],
    project_id: str | None,
    signature_secret_file: str | None,
    as_json: bool,
) -> None:
    """Send a sample of EVENT to a handler, and print its response.

    The list of events: tokbox webhooks list. The exit code is 0 if the handler responds
    with a status from 200 to 299, 1 for another status, and 3 without a response. Without
    a signature secret, the webhook is not signed.
    """
    from tokbox.emulator.model.hosts import is_url
    from tokbox.emulator.simulation.webhook_sender import send
    from tokbox.emulator.store.webhook_outbox import Delivery, encode_body
    from tokbox.transport.http_transport import HTTPTransport

    if not is_url(url):
        raise CommandError(f"--to {url!r} must be an http or https URL")
    secret = _read_signature_secret(signature_secret_file)
    sample = _sample(event, status, _project(project_id))
    payload = _changed(sample.payload, changes)
    delivery = Delivery(
        number=1,
        at_ms=sample.at_ms,
        project_id=sample.project_id,
        event=event,
        url=url,
        body=encode_body(payload),
        token_id=str(uuid.uuid4()),
        state="waiting",
        attempts=0,
        status=None,
        error=None,
        due_ms=sample.at_ms,
    )
    if secret is None:
        note(f"the webhook is not signed: set {_SECRET} or use --signature-secret-file")
    with contextlib.closing(HTTPTransport(trust_env=False)) as transport:
        attempt = send(transport, delivery, secret, now=time.time())
    if attempt.status is None:
        raise NoResponseError(f"no response from {url}: {attempt.error}")
    answer = attempt.body.decode(errors="backslashreplace")
    if as_json:
        print_json(
            {
                "event": event,
                "url": url,
                "signed": secret is not None,
                "payload": payload,
                "status": attempt.status,
                "body": answer,
                "delivered": attempt.error is None,
            }
        )
    else:
        name = payload.get("status") or payload.get("state")
        rows = [
            ("event", f"{event} ({name})" if name else event),
            ("sent to", url),
            ("signed", "yes" if secret is not None else "no"),
            ("response", f"{attempt.status}{'' if attempt.error is None else ', failed'}"),
            ("body", answer),
        ]
        print_record([row for row in rows if row[1]])
    if attempt.error is not None:
        context.exit(exit_codes.SERVICE_ERROR)


def _samples(project_id: str) -> dict[str, dict[str, Event]]:
    from tokbox import emulator

    _ = emulator.create_app  # names the extra if a package is not installed
    from tokbox.emulator.samples import sample_events
    from tokbox.emulator.store.webhook_outbox import NAMES

    found = sample_events(project_id, int(time.time() * 1000))
    return {name: found[name] for name in NAMES}


def _sample(event: str, status: str | None, project_id: str) -> Event:
    found = _samples(project_id)
    if event not in found:
        raise CommandError(f"there is no event {event!r}: use one of {', '.join(found)}")
    statuses = found[event]
    if status is None:
        return statuses.get("available") or statuses.get("started") or statuses[""]
    if status not in statuses:
        known = ", ".join(filter(None, statuses))
        raise CommandError(
            f"--status {status!r} is not valid for {event}: "
            + (f"use one of {known}" if known else "it has no status")
        )
    return statuses[status]


def _project(given: str | None) -> str:
    from tokbox.rest.environment import APPLICATIONS, PROJECTS
    from tokbox.tokens.claims import check_api_key, check_application_id

    if given is not None:
        return check_api_key(given) if given.isdecimal() else check_application_id(given)
    names = [family.id for family in (*PROJECTS, *APPLICATIONS)]
    return next(filter(None, map(os.environ.get, names)), _PROJECT)


def _read_signature_secret(file: str | None) -> str | None:
    from tokbox.tokens.credentials import clean

    if file is not None:
        return read_secret(file, "--signature-secret-file", "the signature secret")
    return clean(os.environ.get(_SECRET, "")) or None


def _changed(payload: dict[str, Any], changes: tuple[str, ...]) -> dict[str, Any]:
    """Return the body with the values of ``--set``."""
    payload = json.loads(json.dumps(payload))
    for change in changes:
        path, equals, text = change.partition("=")
        if not equals:
            raise CommandError(f"--set {change!r} must look like FIELD=VALUE")
        *parents, name = path.split(".")
        target: Any = payload
        for parent in parents:
            target = target.get(parent) if isinstance(target, dict) else None
        if not isinstance(target, dict) or name not in target:
            known = ", ".join(payload)
            raise CommandError(f"--set {path}: there is no such field: fields are {known}")
        try:
            target[name] = json.loads(text)
        except (ValueError, RecursionError):
            target[name] = text
    return payload
