"""``tokbox inspect``: what a token says, and whether the service would take it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from tokbox.cli.options import (
    Command,
    credential_options,
    has_credentials,
    json_option,
    make_client,
    read_stdin,
)
from tokbox.cli.output import print_json, print_record
from tokbox.cli.wording import ago, moment
from tokbox.errors import BadSignature, InvalidInput, MalformedToken, TokenError, WrongKey

if TYPE_CHECKING:
    from tokbox.cli.diagnosis import Stranger
    from tokbox.rest.client import Tokbox
    from tokbox.tokens.claims import Token

__all__ = ["inspect"]

#: The exit code of a token that would be refused, or is none.
REFUSED = 4

_NOT_CHECKED = "not checked"


@click.command(cls=Command)
@click.argument("token", required=False)
@click.option("--session", "session_id", metavar="SESSION", help="It must be for this one.")
@json_option
@credential_options
@click.pass_context
def inspect(
    context: click.Context,
    token: str | None,
    session_id: str | None,
    as_json: bool,
    api_key: str | None,
    secret_file: str | None,
    api_url: str | None,
) -> None:
    """Show what a token says, when it ends, and why it would be refused.

    Without TOKEN, or if it is -, it is read from standard input, where no other process
    can see it. The signature is checked if there are credentials, and not otherwise.
    Exit code 4 means that the token would be refused, or is none.
    """
    from tokbox.cli.diagnosis import explain, find_faults
    from tokbox.tokens.verify import decode

    if token is None or token == "-":  # noqa: S105 - no password
        token = read_stdin("the token")
    text = token.strip()
    now = time.time()
    try:
        claims = decode(text)
    except MalformedToken as error:
        _print_stranger(explain(text, str(error), now), as_json)
        context.exit(REFUSED)
    signature, why = _NOT_CHECKED, "there are no credentials"
    faults = find_faults(claims, now, session_id)
    if secret_file is not None or api_key is not None or has_credentials():
        try:
            client = make_client(api_key, secret_file, api_url)
        except (InvalidInput, click.ClickException) as error:
            if secret_file is not None or api_key is not None:
                raise
            why = error.message if isinstance(error, click.ClickException) else str(error)
        else:
            with client:
                signature, why = _check(client, text, faults)
    _print_claims(claims, signature, why, faults, now, as_json)
    if faults:
        context.exit(REFUSED)


def _check(client: Tokbox, text: str, faults: list[str]) -> tuple[str, str]:
    """Verify a token; return what that says of its signature, and add to *faults*."""
    try:
        client.verify(text)
    except WrongKey as error:
        faults.insert(0, str(error))
        return _NOT_CHECKED, "it was made for another API key"
    except BadSignature as error:
        faults.insert(0, str(error))
        return "wrong", ""
    except TokenError as error:
        # Its signature was found good before. What else is wrong is among the faults
        # already, unless a rule is known to verify() alone.
        if not faults:
            faults.append(str(error))
    return "good", ""


def _print_claims(
    claims: Token,
    signature: str,
    why: str,
    faults: list[str],
    now: float,
    as_json: bool,
) -> None:
    if as_json:
        print_json(
            {
                "kind": claims.kind,
                "refused": bool(faults),
                "reasons": faults,
                "signature": signature,
                "api_key": claims.api_key,
                "session_id": claims.session_id,
                "role": claims.role,
                "connection_data": claims.connection_data,
                "initial_layout_class_list": list(claims.initial_layout_class_list),
                "create_time": claims.create_time,
                "expire_time": claims.expire_time,
                "expires_at": claims.expires_at,
                "nonce": claims.nonce,
                "scope": claims.scope,
                "unknown": dict(claims.unknown),
            }
        )
        return
    implied = "" if claims.expire_time is not None else ", 24 h after it was made"
    rows: list[tuple[str, object]] = [
        ("kind", claims.kind),
        ("api key", claims.api_key),
        ("session", claims.session_id),
        ("role", claims.role),
        ("data", claims.connection_data),
        ("layout classes", " ".join(claims.initial_layout_class_list)),
        ("scope", claims.scope),
        ("made", f"{moment(claims.create_time)} ({ago(claims.create_time, now)})"),
        (
            "expires",
            f"{moment(claims.expires_at)} ({ago(claims.expires_at, now)}{implied})",
        ),
        ("nonce", claims.nonce),
        *claims.unknown.items(),
        ("signature", f"{signature} ({why})" if why else signature),
    ]
    _print_verdict(rows, faults, signature)


def _print_verdict(
    rows: list[tuple[str, object]], faults: list[str], signature: str
) -> None:
    rows = [row for row in rows if row[1]]
    styles = [""] * len(rows)
    if faults:
        rows.extend(("refused" if i == 0 else "and", why) for i, why in enumerate(faults))
        styles.extend(["bold red"] * len(faults))
    elif signature == _NOT_CHECKED:
        rows.append(("verdict", "would be accepted, if its signature is good"))
        styles.append("bold yellow")
    else:
        rows.append(("verdict", "would be accepted"))
        styles.append("bold green")
    print_record(rows, styles=styles)


def _print_stranger(stranger: Stranger, as_json: bool) -> None:
    if as_json:
        document: dict[str, Any] = {
            "kind": stranger.kind or None,
            "refused": None if stranger.kind == "JWT" else True,
            "reasons": [stranger.reason],
            "signature": _NOT_CHECKED,
            "claims": stranger.claims,
        }
        print_json(document)
        return
    verdict = "not judged" if stranger.kind == "JWT" else "refused"
    styles = [*([""] * len(stranger.rows)), "bold red"]
    print_record([*stranger.rows, (verdict, stranger.reason)], styles=styles)
