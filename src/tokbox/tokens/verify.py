"""Read a token, and find out whether it holds."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

from tokbox._arrow import is_arrow, read
from tokbox._fastsign import (
    ALTERED,
    EARLY,
    EXPIRED,
    FOREIGN,
    GOOD,
    UNSURE,
    Key,
    discard,
    snapshot,
)
from tokbox._fastsign import verify_many as core_verify_many
from tokbox._memory import Memory, Texts, TextsInMemory
from tokbox.enums import DAYS_30
from tokbox.errors import (
    BadSignatureError,
    ExpiredTokenError,
    InvalidArrowError,
    InvalidClaimsError,
    InvalidInputError,
    MalformedTokenError,
    NotYetValidTokenError,
    TokenError,
    WrongAlgorithmError,
    WrongClaimsError,
    WrongKeyError,
    WrongSessionError,
)
from tokbox.exact import exact_text
from tokbox.lazy import set_module
from tokbox.secrecy import strip_traceback
from tokbox.tokens import jwt, t1
from tokbox.tokens.batch import TokenBatch
from tokbox.tokens.claims import (
    check_now,
    check_purpose,
    check_role,
    check_session_id,
    wrong_claims,
)
from tokbox.tokens.columns import ArrowArray, ArrowStream, Column
from tokbox.tokens.crew import share
from tokbox.tokens.findings import Decoded, Verification
from tokbox.tokens.token import Token

if TYPE_CHECKING:
    from tokbox.tokens.rsa import PublicKey

__all__ = ["LEEWAY", "check", "check_many", "decode", "decode_many"]

#: Tolerated clock skew in seconds: ``iat``, ``create_time`` and ``nbf`` may be this far
#: in the future.
LEEWAY = 60

#: RSA verifications in one slice of work: some milliseconds.
_PIECE = 64

_ALTERED = "the token was altered or cut off, or signed with another key"


def _is_jwt(token: object) -> bool:
    # What a JSON object begins with, in base64.
    return isinstance(token, str) and token.startswith("ey")


@set_module("tokbox")
@strip_traceback
def decode(token: str) -> Token:
    """Return the claims of a token without verifying them.

    Reads T1 tokens and JWTs, of both environments. Use the ``verify`` method of `Tokbox`,
    `Signer` or `PublicKey` before you trust the claims. Raises MalformedTokenError.
    """
    return _decode(token)


def _decode(token: object) -> Token:
    if _is_jwt(token):
        parts = jwt.split(token)
        return jwt.read(parts.algorithm, jwt.claims(parts))
    api_key, _, data = t1.split(token)
    return t1.read(api_key, data)


@set_module("tokbox")
@strip_traceback
def decode_many(tokens: Iterable[str] | ArrowArray | ArrowStream) -> Decoded:
    """Read many tokens, each as `decode` does; see `Decoded`.

    *tokens* may be an Arrow array or stream of strings, too. InvalidInputError if it is one
    token, InvalidArrowError if it is an array of anything else.
    """
    rows = _rows(tokens)
    found: list[Token | None] = [None] * len(rows)
    failures: dict[int, MalformedTokenError] = {}
    # Whatever they are: what is no str is malformed, too.
    for row, token in enumerate(cast("Iterable[str]", rows)):
        try:
            found[row] = _decode(token)
        except MalformedTokenError as error:
            failures[row] = error.with_traceback(None)  # which keeps all tokens
    return Decoded(found, failures)


def _rows(tokens: Any) -> Column | TokenBatch[Any]:
    """The tokens that were given, one by one."""
    if isinstance(tokens, str):
        raise InvalidInputError("tokens", None, "be many tokens, not one", show=False)
    if isinstance(tokens, TokenBatch | Texts):
        return tokens
    if is_arrow(tokens):
        column = read(tokens, "tokens")
        if isinstance(column, Texts) or all(value is None for value in column):
            return column
        raise InvalidArrowError("tokens", None, "be an Arrow array of strings", show=False)
    if not isinstance(tokens, Iterable):
        rule = f"be an iterable of tokens, not {type(tokens).__name__}"
        raise InvalidInputError("tokens", None, rule, show=False)
    return snapshot(tokens)


def pin_algorithm(algorithm: str, key: Key | PublicKey) -> None:
    """See that *algorithm* is the one that *key* is made for.

    What the key is decides, and the token does not (RFC 8725, section 3.1). Raises
    WrongAlgorithmError.
    """
    if isinstance(key, Key):
        if algorithm != "HS256":
            raise WrongAlgorithmError(
                f"this token is signed with {algorithm}, by a Vonage application; those of "
                "an API key are signed with its secret"
            )
    elif algorithm != "RS256":
        raise WrongAlgorithmError(
            f"this token is signed with {algorithm}, and an application's with "
            "RS256: it is OpenTok's, or somebody took the public key for a secret"
        )


def is_signed_by(key: Key | PublicKey, parts: jwt.Parts) -> bool:
    """Say whether *key*, made for their algorithm, signed *parts*."""
    if isinstance(key, Key):
        return hmac.compare_digest(key.hmac_sha256(parts.signed), parts.signature)
    return key._holds(parts.signed, parts.signature)


def _authentic_t1(token: str, key: Key | PublicKey, tenant: str | None) -> Token:
    owner, signature, data = t1.split(token)
    if not isinstance(key, Key):
        raise WrongAlgorithmError(
            "this is a T1 token, signed with an API secret; an application's tokens "
            "are signed with RS256"
        )
    if owner != str(tenant).encode():
        raise _foreign(tenant)
    if not hmac.compare_digest(key.hmac_sha1(data), signature):
        raise BadSignatureError(_ALTERED)
    return t1.read(owner, data)


def _authentic_jwt(token: str, key: Key | PublicKey, tenant: str | None) -> Token:
    parts = jwt.split(token)
    claims = jwt.claims(parts)
    pin_algorithm(parts.algorithm, key)
    if isinstance(key, Key):
        named = claims.get("iss")
        if isinstance(named, bool) or str(named) != tenant:
            raise _foreign(tenant)
    else:
        named = claims.get("application_id")
        if tenant is not None and str(named).lower() != tenant:
            raise WrongKeyError(f"the token was made for another application than {tenant}")
    if not is_signed_by(key, parts):
        raise BadSignatureError(_ALTERED)
    return jwt.read(parts.algorithm, claims)


def _authentic(token: str, key: Key | PublicKey, tenant: str | None) -> Token:
    """Check whose it is and the signature, and only then read the rest."""
    return (_authentic_jwt if _is_jwt(token) else _authentic_t1)(token, key, tenant)


def _check_wanted(session_id: object) -> str | None:
    """Return the session id that tokens must be for, or None for any session."""
    wanted = exact_text(session_id)
    if session_id is not None and wanted is None:
        raise InvalidInputError(
            "session_id", session_id, "be a str, or None for any session"
        )
    return wanted


def _check_rules(claims: Token) -> None:
    """Raise WrongClaimsError unless role and session id follow the rules of signing."""
    try:
        check_role(claims.role)
        check_session_id(claims.session_id, claims.project_id)
        return
    except InvalidClaimsError as error:
        wrong = wrong_claims(error)
    # Not inside the handler, which would chain an argument error to it.
    raise wrong


def check(
    token: str,
    key: Key | PublicKey,
    tenant: str | None,
    *,
    session_id: str | None = None,
    now: float | None = None,
) -> Token:
    """Verify *token*, as the service would at the time *now*, and return its claims.

    *tenant* is the API key or application id that it must be for. With a public key it may
    be None, for any application. Raises the exceptions of `Signer.verify`.
    """
    session_id, seconds = _check_wanted(session_id), check_now(now)
    claims = _authentic(token, key, tenant)
    check_purpose(claims)
    _check_rules(claims)
    if session_id is not None and claims.session_id != session_id:
        raise WrongSessionError(
            "session_id", claims.session_id, "be the session that was asked for"
        )
    if claims.end_time > claims.create_time + DAYS_30:
        rule = "be at most 30 days after create_time"
        raise WrongClaimsError("expire_time", claims.expire_time, rule)
    if claims.create_time > seconds + LEEWAY:
        raise NotYetValidTokenError(claims.create_time, seconds)
    begins = claims.not_before
    if begins is not None and begins > seconds + LEEWAY:
        raise NotYetValidTokenError(claims.create_time, seconds, not_before=begins)
    if claims.end_time <= seconds:
        raise ExpiredTokenError(claims.end_time, seconds)
    return claims


def _for_the_core(
    rows: Column | TokenBatch[Any],
) -> Texts | TextsInMemory | list[Any] | tuple[Any, ...]:
    """The same as the core takes them."""
    if isinstance(rows, Texts | list | tuple):
        return rows
    batch = rows._in_memory() if isinstance(rows, TokenBatch) else None
    return snapshot(rows) if batch is None else batch


def check_many(
    tokens: Iterable[str] | ArrowArray | ArrowStream,
    key: Key | PublicKey,
    tenant: str | None,
    *,
    head: bytes = b"",
    session_id: str | None,
    now: float | None,
    threads: Callable[[int], int],
) -> Verification:
    """Verify many tokens, each as `check` does.

    *tenant* is as in `check`. *head* is the start of all T1 tokens of that API key (see
    `t1.head`). The core judges tokens that are in the expected form; all other tokens, and
    all RS256 tokens, are checked one by one.
    """
    seconds = check_now(now)
    session_id = _check_wanted(session_id)
    rows = _rows(tokens)
    n = len(rows)
    failures: dict[int, TokenError] = {}

    def look_closer(row: int) -> None:
        token: Any = rows[row]  # whatever it is
        try:
            check(token, key, tenant, session_id=session_id, now=seconds)
        except TokenError as error:
            failures[row] = error.with_traceback(None)  # which keeps all tokens

    if not isinstance(key, Key):

        def look_at(slice_: range) -> None:
            for row in slice_:
                look_closer(row)

        share(look_at, n, piece=_PIECE, threads=threads(n))
        return Verification(n, dict(sorted(failures.items())))
    verdicts = bytearray(n)
    times = memoryview(b"").cast("q")
    if 0 <= seconds < 2**62:  # other times are not the core's, which counts in 64 bits
        wanted = None
        if session_id is not None:
            # With a lone surrogate it is like any other that no token holds.
            wanted = session_id.encode(errors="surrogatepass")
        column, project = _for_the_core(rows), cast(str, tenant).encode()  # an API key

        def ask(heads: tuple[bytes, ...]) -> tuple[bytes, Memory]:
            return core_verify_many(
                key,
                head,
                project,
                column,
                seconds,
                LEEWAY,
                jwt_heads=heads,
                session=wanted,
                threads=threads(n),
            )

        verdicts[:], when = ask(_heads.known)
        if _heads.learn(rows, verdicts):
            verdicts[:], when = ask(_heads.known)
        times = memoryview(when).cast("q")
    row = verdicts.find(UNSURE)
    while row >= 0:
        look_closer(row)
        if row not in failures:
            verdicts[row] = GOOD
        row = verdicts.find(UNSURE, row + 1)
    discard(rows)

    def make(row: int) -> TokenError:
        return _core_error(verdicts[row], times[row], tenant, seconds)

    return Verification(n, failures, bytes(verdicts), make)


class _Heads:
    """The headers of JWTs that the core knows. Those of our own tokens are the first."""

    #: So many are kept, of at most so many characters.
    _MOST, _LONGEST = 32, 1024

    def __init__(self) -> None:
        self.known: tuple[bytes, ...] = tuple(
            base64.urlsafe_b64encode(header).rstrip(b"=") + b"."
            for header in (b'{"typ":"JWT","alg":"HS256"}', b'{"alg":"HS256","typ":"JWT"}')
        )
        #: Others that were looked at, so that each is looked at once.
        self._refused: set[str] = set()

    def learn(self, rows: Column | TokenBatch[Any], verdicts: bytes | bytearray) -> bool:
        """Look at the headers of tokens that the core left; say whether one is of use."""
        before, room = self.known, self._MOST - len(self.known) - len(self._refused)
        row = verdicts.find(UNSURE)
        while row >= 0 and room > 0:
            token: Any = rows[row]
            part, dot = "", ""
            if isinstance(token, str):  # a subclass can have methods of its own
                part, dot, _ = str.partition(token, ".")
            if (
                dot
                and str.startswith(part, "ey")
                and len(part) < self._LONGEST
                and part not in self._refused
            ):
                text = f"{part}.".encode(errors="replace")
                if text not in self.known:
                    room -= 1
                    if jwt.is_hs256_header(part):
                        self.known += (text,)
                    else:
                        self._refused.add(part)
            row = verdicts.find(UNSURE, row + 1)
        return self.known is not before


_heads = _Heads()


def _core_error(verdict: int, time: int, tenant: str | None, now: int) -> TokenError:
    """Return the exception that `check` would raise, for a verdict of the core."""
    if verdict == ALTERED:
        return BadSignatureError(_ALTERED)
    if verdict == FOREIGN:
        return _foreign(tenant)
    if verdict == EARLY:
        return NotYetValidTokenError(time, now)
    if verdict == EXPIRED:
        return ExpiredTokenError(time, now)
    try:
        _decode(None)
    except MalformedTokenError as error:
        return error.with_traceback(None)
    raise AssertionError("None is no token")


def _foreign(tenant: str | None) -> WrongKeyError:
    return WrongKeyError(f"the token was made for another API key than {tenant}")
