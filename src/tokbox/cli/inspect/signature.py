"""Check the signature of a token with a key or with credentials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tokbox.cli.inspect.diagnosis import Fault
from tokbox.errors import BadSignatureError, TokenError, WrongAlgorithmError, WrongKeyError

if TYPE_CHECKING:
    from tokbox.rest.client import Tokbox
    from tokbox.tokens.rs256.keys import PublicKey
    from tokbox.tokens.token import Token

__all__ = [
    "NOT_VERIFIED",
    "SignatureCheck",
    "Verifier",
    "by_client",
    "by_key",
    "check",
    "owner_of",
]

NOT_VERIFIED = "not verified"


@dataclass(frozen=True, slots=True)
class Verifier:
    """A method to verify tokens, and a description of its key."""

    verify: Callable[[str], Token]
    #: The owner of the tokens: "API key 40000123".
    owner: str
    #: The key of the tokens: "the secret of API key 40000123".
    key: str


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """The result of a signature check."""

    #: "valid", "invalid" or "not verified".
    result: str
    #: Why it was not verified.
    why: str = ""
    fault: Fault | None = None


def by_client(client: Tokbox) -> Verifier:
    """Verify with a client's credentials."""
    owner = _owner(client.project_id)
    what = "secret" if client.project_id.isdecimal() else "private key"
    return Verifier(client.verify, owner, f"the {what} of {owner}")


def by_key(key: PublicKey) -> Verifier:
    """Verify with the public key of any application."""
    return Verifier(key.verify, "its application", "an application's key")


def owner_of(claims: Token) -> str:
    """Return the owner of a token, in words."""
    return _owner(claims.project_id)


def _owner(tenant: str) -> str:
    return f"API key {tenant}" if tenant.isdecimal() else f"application {tenant}"


def check(verifier: Verifier, token: str, claims: Token) -> SignatureCheck:
    """Check the signature of a token with *claims*.

    The result also has the first other error of `verify`, if the signature is good.
    """
    try:
        verifier.verify(token)
    except WrongKeyError as error:
        text = str(error)
        if not isinstance(error, WrongAlgorithmError):
            text = f"it was signed for {owner_of(claims)}, not for {verifier.owner}"
        why = f"the only key is {verifier.key}"
        return SignatureCheck(NOT_VERIFIED, why, Fault(error.reason, text))
    except BadSignatureError as error:
        text = (
            "its signature is not valid: it was altered, or not signed with "
            f"{verifier.key}: check the key of the signer"
        )
        return SignatureCheck("invalid", fault=Fault(error.reason, text))
    except TokenError as error:
        # The signature is verified before anything else.
        return SignatureCheck("valid", fault=Fault(error.reason, f"its {error}"))
    return SignatureCheck("valid")
