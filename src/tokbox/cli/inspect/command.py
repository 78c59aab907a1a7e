"""``tokbox inspect``: print the claims of a token, and reasons to refuse it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from tokbox.cli.common import exit_codes
from tokbox.cli.common.formatting import ago, moment
from tokbox.cli.common.output import print_json, print_record
from tokbox.cli.common.params import (
    Command,
    credential_options,
    has_credentials,
    json_option,
    make_client,
    read_secret,
    read_stdin,
)
from tokbox.errors import InvalidInputError, MalformedTokenError

if TYPE_CHECKING:
    from tokbox.cli.inspect.diagnosis import Fault, UnknownToken
    from tokbox.cli.inspect.signature import SignatureCheck
    from tokbox.tokens.rs256.keys import PublicKey
    from tokbox.tokens.token import Token

__all__ = ["inspect"]

#: The error of a client whose token is refused, for any reason.
_CLIENT_ERROR = "client error 1004: "


@click.command(cls=Command)
@click.argument("token", required=False)
@click.option(
    "--session-id", metavar="SESSION", help="The session that the token must be for."
)
@click.option(
    "--application-id", metavar="ID", help="The application that the token must be for."
)
@click.option(
    "--public-key-file",
    "public_key",
    metavar="FILE",
    help="Verify the signature with the public key of an application in this PEM file; - "
    "reads standard input.",
)
@click.option(
    "--private-key-file",
    "private_key",
    metavar="FILE",
    help="Verify the signature with the private key of an application in this PEM file; - "
    "reads standard input.",
)
@json_option
@credential_options
@click.pass_context
def inspect(
    context: click.Context,
    token: str | None,
    session_id: str | None,
    application_id: str | None,
    public_key: str | None,
    private_key: str | None,
    as_json: bool,
    api_key: str | None,
    secret_file: str | None,
    api_url: str | None,
) -> None:
    """Show the claims of a token, and why the service would refuse it.

    Without TOKEN, or with -, the token is read from standard input, where other users of
    this machine cannot see it. The signature is verified with the key of an option, or
    with the credentials. Without both, it is not verified. Exit code 4 means that the
    service would refuse the token.
    """
    from tokbox.cli.inspect.diagnosis import Fault, explain, find_faults
    from tokbox.cli.inspect.signature import owner_of
    from tokbox.tokens.claims import check_application_id
    from tokbox.tokens.verification.verify import decode

    if token is None or token == "-":  # noqa: S105 - no password
        token = read_stdin("the token")
    if application_id is not None:
        application_id = check_application_id(application_id)
    key = _read_key(public_key, private_key, api_key, secret_file)
    text = token.strip()
    now = time.time()
    try:
        claims = decode(text)
    except MalformedTokenError as error:
        _print_unknown(explain(text, error, now), as_json)
        context.exit(exit_codes.REJECTED)
    faults = find_faults(claims, now, session_id)
    if application_id is not None and claims.project_id != application_id:
        words = (
            f"it was signed for {owner_of(claims)}, not for application {application_id}"
        )
        faults.insert(0, Fault("wrong_key", words))
    signature = _check_signature(text, claims, key, api_key, secret_file, api_url)
    if signature.fault is not None and (signature.result != "valid" or not faults):
        # With a good signature, an error of verify() repeats one of the faults, unless
        # there are no faults.
        faults.insert(0, signature.fault)
    _print_claims(claims, signature, faults, now, as_json)
    if faults:
        context.exit(exit_codes.REJECTED)


def _read_key(
    public: str | None, private: str | None, *credentials: str | None
) -> PublicKey | None:
    """Return the key of an option, or None."""
    from tokbox.tokens.rs256.keys import PrivateKey, PublicKey

    if sum(each is not None for each in (public, private)) + any(credentials) > 1:
        raise click.UsageError(
            "use only one of --public-key-file, --private-key-file, and --api-key with "
            "--secret-file"
        )
    if public is not None:
        pem = read_secret(public, "--public-key-file", "the public key")
        return PublicKey(pem.encode())
    if private is not None:
        pem = read_secret(private, "--private-key-file", "the private key")
        return PrivateKey(pem.encode()).public_key()
    return None


def _check_signature(
    text: str,
    claims: Token,
    key: PublicKey | None,
    api_key: str | None,
    secret_file: str | None,
    api_url: str | None,
) -> SignatureCheck:
    """Check the signature with *key*, or else with the credentials, if there are any."""
    from tokbox.cli.inspect.signature import (
        NOT_VERIFIED,
        SignatureCheck,
        by_client,
        by_key,
        check,
    )

    if key is not None:
        return check(by_key(key), text, claims)
    asked = secret_file is not None or api_key is not None
    if not asked and not has_credentials():
        return SignatureCheck(NOT_VERIFIED, "no credentials are set")
    try:
        client = make_client(api_key, secret_file, api_url)
    except (InvalidInputError, click.ClickException) as error:
        if asked:
            raise
        why = error.message if isinstance(error, click.ClickException) else str(error)
        return SignatureCheck(NOT_VERIFIED, why)
    with client:
        return check(by_client(client), text, claims)


def _print_claims(
    claims: Token, signature: SignatureCheck, faults: list[Fault], now: float, as_json: bool
) -> None:
    from tokbox.cli.inspect.diagnosis import show
    from tokbox.tokens.claims import TEXTS

    if as_json:
        print_json(
            {
                "kind": claims.kind,
                "algorithm": claims.algorithm,
                **_refusal(faults),
                "signature": signature.result,
                "project_id": claims.project_id,
                "session_id": claims.session_id,
                "role": claims.role,
                **{name: getattr(claims, name) for name, *_ in TEXTS},
                "initial_layout_class_list": list(claims.initial_layout_class_list),
                "create_time": claims.create_time,
                "expire_time": claims.expire_time,
                "not_before": claims.not_before,
                "end_time": claims.end_time,
                "nonce": claims.nonce,
                "scope": claims.scope,
                "unknown": dict(claims.unknown),
            }
        )
        return
    implied = "" if claims.expire_time is not None else ", 24 h after it was signed"
    why = f" ({signature.why})" if signature.why else ""
    begins = claims.not_before
    rows: list[tuple[str, object]] = [
        ("kind", f"{claims.kind} ({claims.algorithm})"),
        ("application" if claims.algorithm == "RS256" else "api key", claims.project_id),
        ("session", claims.session_id),
        ("role", claims.role),
        ("data", claims.connection_data),
        ("layout classes", " ".join(claims.initial_layout_class_list)),
        ("scope", claims.scope),
        ("signed", f"{moment(claims.create_time)} ({ago(claims.create_time, now)})"),
        (
            "expires",
            f"{moment(claims.end_time)} ({ago(claims.end_time, now)}{implied})",
        ),
        (
            "valid from",
            None if begins is None else f"{moment(begins)} ({ago(begins, now)})",
        ),
        ("nonce", claims.nonce),
        *((name, show(value)) for name, value in claims.unknown.items()),
        ("signature", f"{signature.result}{why}"),
    ]
    _print_result(rows, faults, signature)


def _refusal(faults: list[Fault]) -> dict[str, Any]:
    """Return the JSON members for *faults*: the first reason code, and all messages."""
    return {
        "refused": bool(faults),
        "reason": faults[0].reason if faults else None,
        "reasons": [fault.text for fault in faults],
    }


def _print_result(
    rows: list[tuple[str, object]], faults: list[Fault], signature: SignatureCheck
) -> None:
    from tokbox.cli.inspect.signature import NOT_VERIFIED

    rows = [row for row in rows if row[1]]
    styles = [""] * len(rows)
    if faults:
        rows.append(("refused", _CLIENT_ERROR + faults[0].text))
        rows.extend(("and", fault.text) for fault in faults[1:])
        styles.extend(["bold red"] * len(faults))
    elif signature.result == NOT_VERIFIED:
        rows.append(("result", "would be accepted, if its signature is valid"))
        styles.append("bold yellow")
    else:
        rows.append(("result", "would be accepted"))
        styles.append("bold green")
    print_record(rows, styles=styles)


def _print_unknown(unknown: UnknownToken, as_json: bool) -> None:
    from tokbox.cli.inspect.signature import NOT_VERIFIED

    if as_json:
        print_json(
            {
                "kind": unknown.kind or None,
                **_refusal([unknown.fault]),
                "signature": NOT_VERIFIED,
                "claims": unknown.claims,
            }
        )
        return
    styles = [*([""] * len(unknown.rows)), "bold red"]
    verdict = ("refused", _CLIENT_ERROR + unknown.fault.text)
    print_record([*unknown.rows, verdict], styles=styles)
