"""Decode and verify tokens."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from tokbox._arrow import is_arrow, read
from tokbox._fastsign import (
    BAD_SIGNATURE,
    EXPIRED,
    NOT_YET_VALID,
    UNDECIDED,
    VALID,
    WRONG_KEY,
    Key,
    copy_list,
    release_list,
)
from tokbox._fastsign import verify_many as core_verify_many
from tokbox._memory import Memory, StringColumn, StringSlice
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
    check_multithread,
    check_now,
    check_purpose,
    check_role,
    check_session_id,
    wrong_claims,
)
from tokbox.tokens.columns import ArrowArray, ArrowStream, Column, array_values
from tokbox.tokens.parallel import threads_for
from tokbox.tokens.token import Token
from tokbox.tokens.verification.results import IS_VALID, Decoded, Verification, find_all

if TYPE_CHECKING:
    from tokbox._fastsign import RSAKey

    class RSAVerifier(Protocol):
        """An RSA public key: `tokbox.PublicKey`."""

        _core: RSAKey

        def _verify_signature(self, message: bytes, signature: bytes) -> bool:
            """Return whether *signature* is valid for *message*."""
            raise NotImplementedError


__all__ = ["LEEWAY", "check", "check_many", "decode", "decode_many", "prepare_keys"]

_Key = TypeVar("_Key")

#: Tolerated clock skew in seconds: ``iat``, ``create_time`` and ``nbf`` may be this far
#: in the future.
LEEWAY = 60

#: The C core uses 64-bit integers. Verification at this time or later uses the slow path.
_LAST_TIME = 2**62

#: Minimum number of tokens for a second thread; below it, a thread costs more time than it
#: saves.
_THREAD_THRESHOLD = 8192


def _altered(keys: int) -> BadSignatureError:
    """Return the error of a token that none of so many *keys* signed."""
    key = "another key" if keys == 1 else f"none of these {keys} keys"
    return BadSignatureError(f"the token was altered or cut off, or signed with {key}")


def _is_jwt(token: object) -> bool:
    # The base64 encoding of '{"' begins with "ey".
    return isinstance(token, str) and token.startswith("ey")


@set_module("tokbox")
@strip_traceback
def decode(token: str) -> Token:
    """Return the claims of a token as a `Token`, without verifying them.

    *token*
        a T1 token or a JWT, of OpenTok or Vonage

    Use the ``verify`` method of `Tokbox`, `Signer` or `PublicKey` before you trust the
    claims. Raises MalformedTokenError for a token that cannot be parsed.
    """
    return _decode(token)


def _decode(token: object) -> Token:
    token = exact_text(token) or token
    if _is_jwt(token):
        parts = jwt.split(token)
        return jwt.read(parts.algorithm, jwt.claims(parts))
    api_key, _, data = t1.split(token)
    return t1.read(api_key, data)


@set_module("tokbox")
@strip_traceback
def decode_many(
    tokens: Iterable[str] | ArrowArray | ArrowStream, *, multithread: bool = False
) -> Decoded:
    """Decode many tokens, each like `decode`, and return a `Decoded`.

    *tokens*
        an iterable of tokens, or an Arrow array or stream of strings
    *multithread*
        True to use every CPU that is available to the process; by default one thread

    The result keeps the tokens and parses the claims of a token when it is accessed.
    Raises InvalidInputError if *tokens* is a single token or not iterable,
    InvalidArrowError for an array of anything but strings.
    """
    check_multithread(multithread)
    rows: Any = _rows(tokens)
    column = _core_column(rows)
    threads = threads_for(len(rows), multithread, _THREAD_THRESHOLD)

    def verify() -> tuple[bytes, Memory]:
        return core_verify_many(
            None,
            b"",
            None,
            column,
            _LAST_TIME,
            0,
            hs256_heads=_heads.known["HS256"],
            rs256_heads=_heads.known["RS256"],
            decode_only=True,
            threads=threads,
        )

    results, _ = _verify_with_new_headers(verify, rows)
    failures: dict[int, MalformedTokenError] = {}
    for row in find_all(results.translate(IS_VALID), 0):
        found = _decode_or_error(rows[row])
        if isinstance(found, MalformedTokenError):
            failures[row] = found
    return Decoded(rows, failures, _decode_or_error)


def _decode_or_error(token: object) -> Token | MalformedTokenError:
    """Decode any object; anything but a str is malformed."""
    try:
        return _decode(token)
    except MalformedTokenError as error:
        return error.with_traceback(None)  # a traceback would keep the token alive


def _rows(tokens: Any) -> Column | TokenBatch[Any]:
    """Validate the argument *tokens* and return it as a column."""
    if isinstance(tokens, str):
        raise InvalidInputError("tokens", None, "be many tokens, not one", show=False)
    if isinstance(tokens, TokenBatch | StringColumn):
        return tokens
    array: Any = getattr(tokens, "array", None)
    if not is_arrow(tokens) and hasattr(array, "__arrow_array__"):  # a pandas.Index
        with suppress(ImportError):  # without pyarrow
            tokens = array.__arrow_array__()
    if is_arrow(tokens):
        column = read(tokens, "tokens")
        if isinstance(column, StringColumn) or all(value is None for value in column):
            return column
        raise InvalidArrowError("tokens", None, "be an Arrow array of strings", show=False)
    if not isinstance(tokens, Iterable):
        rule = f"be an iterable of tokens, not {type(tokens).__name__}"
        raise InvalidInputError("tokens", None, rule, show=False)
    values = array_values(tokens)
    return copy_list(tokens) if values is None else values


def pin_algorithm(algorithm: str, key: Key | RSAVerifier) -> None:
    """Raise WrongAlgorithmError unless *algorithm* is the algorithm of *key*.

    The verification key determines the algorithm; the token's ``alg`` header is not trusted
    (RFC 8725, section 3.1).
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


def is_signed_by(key: Key | RSAVerifier, parts: jwt.Parts) -> bool:
    """Return whether *key* signed *parts*. Their algorithm must be that of *key*."""
    if isinstance(key, Key):
        return hmac.compare_digest(key.hmac_sha256(parts.signed), parts.signature)
    return key._verify_signature(parts.signed, parts.signature)


def _authentic_t1(token: object, key: Key | RSAVerifier, tenant: str | None) -> Token:
    owner, signature, data = t1.split(token)
    if not isinstance(key, Key):
        raise WrongAlgorithmError(
            "this is a T1 token, signed with an API secret; an application's tokens "
            "are signed with RS256"
        )
    if owner != str(tenant).encode():
        raise _wrong_key_error(key, tenant)
    if not hmac.compare_digest(key.hmac_sha1(data), signature):
        raise _altered(1)
    return t1.read(owner, data)


def _authentic_jwt(token: object, key: Key | RSAVerifier, tenant: str | None) -> Token:
    parts = jwt.split(token)
    claims = jwt.claims(parts)
    pin_algorithm(parts.algorithm, key)
    if isinstance(key, Key):
        named = claims.get("iss")
        if isinstance(named, bool) or str(named) != tenant:
            raise _wrong_key_error(key, tenant)
    else:
        named = claims.get("application_id")
        if tenant is not None and str(named).lower() != tenant:
            raise _wrong_key_error(key, tenant)
    if not is_signed_by(key, parts):
        raise _altered(1)
    return jwt.read(parts.algorithm, claims)


def _authentic(token: object, key: Key | RSAVerifier, tenant: str | None) -> Token:
    """Verify the owner and the signature, then parse the other claims."""
    return (_authentic_jwt if _is_jwt(token) else _authentic_t1)(token, key, tenant)


def _check_session_id(session_id: object) -> str | None:
    """Return the required session id, or None for any session."""
    wanted = exact_text(session_id)
    if session_id is not None and wanted is None:
        raise InvalidInputError(
            "session_id", session_id, "be a str, or None for any session"
        )
    return wanted


def _check_rules(claims: Token) -> None:
    """Raise WrongClaimsError unless the role and the session id are valid."""
    try:
        check_role(claims.role)
        check_session_id(claims.session_id, claims.project_id)
        return
    except InvalidClaimsError as error:
        wrong = wrong_claims(error)
    # Raised outside of the handler, so that the argument error is not chained.
    raise wrong


def prepare_keys(other_keys: Any, prepare: Callable[[Any], _Key]) -> tuple[_Key, ...]:
    """Return what *prepare* makes of each of the *other_keys* of `Signer.verify`."""
    if type(other_keys) is tuple and not other_keys:
        return ()
    if isinstance(other_keys, str | bytes) or not isinstance(other_keys, Iterable):
        rule = "be a sequence of keys, as in other_keys=[key]"
        raise InvalidInputError("other_keys", None, rule, show=False)
    return tuple(map(prepare, other_keys))


def check(
    token: str,
    key: Key | RSAVerifier,
    tenant: str | None,
    *,
    session_id: str | None = None,
    now: float | None = None,
    others: Sequence[Key | RSAVerifier] = (),
) -> Token:
    """Verify *token* like the service at the time *now*, and return its claims.

    *tenant* is the required API key or application id. With a public key it may be None,
    for any application. The keys in *others* are accepted as well as *key*. Raises the
    exceptions of `Signer.verify`.
    """
    session_id, seconds = _check_session_id(session_id), check_now(now)
    if not others:
        return _check(token, key, tenant, session_id, seconds)
    found: Token | TokenError | None = None
    # Use all keys, so that the time does not depend on which one fits.
    for each in (key, *others):
        try:
            result: Token | TokenError = _check(token, each, tenant, session_id, seconds)
        except TokenError as error:
            result = error.with_traceback(None)
        if found is None or isinstance(found, BadSignatureError):
            found = result
    if isinstance(found, Token):
        return found
    if isinstance(found, BadSignatureError):
        found = _altered(1 + len(others))
    assert found is not None
    raise found


def _check(
    token: str,
    key: Key | RSAVerifier,
    tenant: str | None,
    session_id: str | None,
    seconds: int,
) -> Token:
    """Verify *token* with one key; the other arguments are valid."""
    text = exact_text(token)
    if text is not None:
        rows = (text,)
        results, times = _results(rows, rows, key, tenant, session_id, seconds)
        if results[0] == VALID:
            return _read(text, key)
        if results[0] != UNDECIDED:
            raise _core_error(results[0], times[0], key, tenant, seconds)
    return verify_slow_path(token, key, tenant, session_id=session_id, now=seconds)


def _read(token: str, key: Key | RSAVerifier) -> Token:
    """Parse a valid token."""
    if not _is_jwt(token):
        return t1.read(*t1.parts(token))
    algorithm = "HS256" if isinstance(key, Key) else "RS256"
    return jwt.read(algorithm, jwt.payload(token))


def verify_slow_path(
    token: object,
    key: Key | RSAVerifier,
    tenant: str | None,
    *,
    session_id: str | None,
    now: int,
) -> Token:
    """Verify any object like `check`, without the C core.

    It verifies all tokens for which the core returns UNDECIDED. Tests compare the core with
    it. *session_id* and *now* must be valid.
    """
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
    if claims.create_time > now + LEEWAY:
        raise NotYetValidTokenError(claims.create_time, now)
    begins = claims.not_before
    if begins is not None and begins > now + LEEWAY:
        raise NotYetValidTokenError(claims.create_time, now, not_before=begins)
    if claims.end_time <= now:
        raise ExpiredTokenError(claims.end_time, now)
    return claims


def _core_column(
    rows: Column | TokenBatch[Any],
) -> StringColumn | StringSlice | list[Any] | tuple[Any, ...]:
    """Return *rows* as a type that the C core accepts."""
    if isinstance(rows, StringColumn | list | tuple):
        return rows
    batch = rows._in_memory() if isinstance(rows, TokenBatch) else None
    return copy_list(rows) if batch is None else batch


def _verify_with_new_headers(
    verify: Callable[[], tuple[bytes, Memory]], rows: Any
) -> tuple[bytes, Memory]:
    """Call *verify*; call it again if *rows* have new JWT headers."""
    found = verify()
    return verify() if _heads.add_new(rows, found[0]) else found


def _results(
    rows: Any,
    column: StringColumn | StringSlice | list[Any] | tuple[Any, ...],
    key: Key | RSAVerifier,
    tenant: str | None,
    session_id: str | None,
    now: int,
    threads: int = 1,
) -> tuple[bytearray, memoryview[int]]:
    """Return result codes and times for *rows*; UNDECIDED requires `verify_slow_path`.

    *column* has the same tokens as a type that the C core accepts.
    """
    if not 0 <= now < _LAST_TIME:
        return bytearray(len(rows)), memoryview(bytes(8 * len(rows))).cast("q")
    is_secret = isinstance(key, Key)

    def verify() -> tuple[bytes, Memory]:
        return core_verify_many(
            key if isinstance(key, Key) else key._core,
            t1.head(tenant or "") if is_secret else b"",
            None if tenant is None else tenant.encode(),
            column,
            now,
            LEEWAY,
            hs256_heads=_heads.known["HS256"] if is_secret else (),
            rs256_heads=() if is_secret else _heads.known["RS256"],
            # An id with a lone surrogate is accepted here, and matches no token.
            session=None
            if session_id is None
            else session_id.encode(errors="surrogatepass"),
            threads=threads,
        )

    found, times = _verify_with_new_headers(verify, rows)
    return bytearray(found), memoryview(times).cast("q")


def check_many(
    tokens: Iterable[str] | ArrowArray | ArrowStream,
    key: Key | RSAVerifier,
    tenant: str | None,
    *,
    session_id: str | None,
    now: float | None,
    threads: Callable[[int], int],
    others: Sequence[Key | RSAVerifier] = (),
) -> Verification:
    """Verify many tokens, each like `check`.

    The C core verifies tokens in the usual format; `verify_slow_path` verifies all others.
    """
    seconds = check_now(now)
    session_id = _check_session_id(session_id)
    rows = _rows(tokens)
    column, n = _core_column(rows), len(rows)

    def verify(key: Key | RSAVerifier) -> _RowResults:
        results, times = _results(
            rows, column, key, tenant, session_id, seconds, threads(n)
        )
        failures: dict[int, TokenError] = {}
        for row in find_all(results, UNDECIDED):
            token: Any = rows[row]
            try:
                verify_slow_path(token, key, tenant, session_id=session_id, now=seconds)
            except BadSignatureError:
                results[row] = BAD_SIGNATURE
            except TokenError as error:
                # A traceback would keep all tokens alive.
                failures[row] = error.with_traceback(None)
            else:
                results[row] = VALID
        return _RowResults(results, times, failures)

    found = verify(key)
    for other in others:
        found.add(verify(other))
    release_list(rows)

    def make(row: int) -> TokenError:
        result, time = found.results[row], found.times[row]
        if result == BAD_SIGNATURE:
            return _altered(1 + len(others))
        return _core_error(result, time, key, tenant, seconds)

    return Verification(n, found.failures, bytes(found.results), make)


class _RowResults:
    """The results of verification with one or more keys."""

    __slots__ = ("failures", "results", "times")

    #: Result codes of the core; UNDECIDED for a row in *failures*.
    results: bytearray
    times: memoryview[int]
    failures: dict[int, TokenError]

    def __init__(
        self,
        results: bytearray,
        times: memoryview[int],
        failures: dict[int, TokenError],
    ) -> None:
        self.results = results
        self.times = times
        self.failures = failures

    def add(self, other: _RowResults) -> None:
        """Use the results of another key for tokens that no earlier key signed."""
        if self.times.readonly:
            self.times = memoryview(bytearray(self.times)).cast("q")
        for row in find_all(self.results, BAD_SIGNATURE):
            self.results[row] = other.results[row]
            self.times[row] = other.times[row]
            if row in other.failures:
                self.failures[row] = other.failures[row]


class _Heads:
    """JWT headers that the C core accepts, by algorithm. The first are those of tokbox."""

    #: The maximum number of cached headers, and the maximum length of each in characters.
    _MAX_HEADERS, _MAX_LENGTH = 32, 1024

    def __init__(self) -> None:
        self.known: dict[str, tuple[bytes, ...]] = {
            algorithm: (
                jwt.head(algorithm),
                jwt.encode(b'{"alg":"%b","typ":"JWT"}' % algorithm.encode()) + b".",
            )
            for algorithm in ("HS256", "RS256")
        }
        #: Headers that were parsed and refused, so that each is parsed only once.
        self._refused: set[str] = set()

    def add_new(self, rows: Column | TokenBatch[Any], results: bytes) -> bool:
        """Cache new headers of UNDECIDED tokens; return True if one was added."""
        if UNDECIDED not in results:
            return False
        known = [text for texts in self.known.values() for text in texts]
        before, room = len(known), self._MAX_HEADERS - len(known) - len(self._refused)
        for row in find_all(results, UNDECIDED):
            if room <= 0:
                break
            token: Any = rows[row]
            part, dot = "", ""
            if isinstance(token, str):  # a subclass may override methods
                part, dot, _ = str.partition(token, ".")
            if (
                dot
                and str.startswith(part, "ey")
                and len(part) < self._MAX_LENGTH
                and part not in self._refused
            ):
                text = f"{part}.".encode(errors="replace")
                if text not in known:
                    room -= 1
                    algorithm = jwt.algorithm_of(part)
                    if algorithm:
                        known.append(text)
                        self.known[algorithm] += (text,)
                    else:
                        self._refused.add(part)
        return len(known) > before


_heads = _Heads()


def _core_error(
    result: int, time: int, key: Key | RSAVerifier, tenant: str | None, now: int
) -> TokenError:
    """Return the exception for a result code of the core, as `verify_slow_path` raises."""
    if result == BAD_SIGNATURE:
        return _altered(1)
    if result == WRONG_KEY:
        return _wrong_key_error(key, tenant)
    if result == NOT_YET_VALID:
        return NotYetValidTokenError(time, now)
    if result == EXPIRED:
        return ExpiredTokenError(time, now)
    try:
        _decode(None)
    except MalformedTokenError as error:
        return error.with_traceback(None)
    raise AssertionError("None is no token")


def _wrong_key_error(key: Key | RSAVerifier, tenant: str | None) -> WrongKeyError:
    owner = "API key" if isinstance(key, Key) else "application"
    return WrongKeyError(f"the token was made for another {owner} than {tenant}")
