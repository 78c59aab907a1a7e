"""Sign and verify tokens with one key."""

from __future__ import annotations

from tokbox._fastsign import CLAIMS
from tokbox._memory import MemoryPool
from tokbox.errors import InvalidInputError
from tokbox.lazy import set_module
from tokbox.secrecy import safe_repr, strip_traceback
from tokbox.suggestions import unknown_argument_error
from tokbox.tokens.backend import SecretBackend
from tokbox.tokens.claims import (
    ROW_DEFAULTS,
    check_application_id,
    check_multithread,
    check_project,
)
from tokbox.tokens.session import SessionSigner
from tokbox.typed import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType
    from typing import Any, Literal, NoReturn, Self

    from typing_extensions import Unpack

    from tokbox._fastsign import Key
    from tokbox.tokens.backend import SigningBackend
    from tokbox.tokens.batch import TokenBatch
    from tokbox.tokens.columns import ArrowArray, ArrowStream
    from tokbox.tokens.row_columns import Column, RowOptions
    from tokbox.tokens.rs256.keys import PrivateKeySource, PublicKeySource
    from tokbox.tokens.token import Token
    from tokbox.tokens.verification.results import Verification
    from tokbox.tokens.verification.verify import RSAVerifier

__all__ = ["Signer"]


@set_module("tokbox")
@safe_repr
class Signer:
    """Signs and verifies tokens with the API key and secret of a project.

    *api_key*
        the API key of the project, 1 to 20 digits as a str or an int
    *secret*
        the API secret: printable ASCII without spaces and quotation marks

    Use `from_private_key` for a Vonage application. A signer sends no requests and can be
    shared between threads. Example::

        with Signer("40000123", secret) as signer:
            token = signer.session(session_id).token()

    A signer keeps HMAC states that are derived from the secret, and not the secret itself.
    They are wiped when the signer is closed or freed, and at the end of a ``with`` block.
    A signer cannot be pickled or copied.

    Raises InvalidInputError for a key or secret that is not valid; the message contains
    neither of them.
    """

    __slots__ = ("_backend", "project_id")

    #: The API key of the project, or the id of the Vonage application.
    project_id: str
    _backend: SigningBackend

    @strip_traceback
    def __init__(self, api_key: str, secret: str) -> None:
        self.project_id, checked = check_project(api_key, secret)
        self._backend = SecretBackend(self.project_id, checked)

    @classmethod
    @strip_traceback
    def from_private_key(
        cls,
        application_id: str,
        key: PrivateKeySource,
        *,
        password: str | bytes | None = None,
    ) -> Self:
        """Create a signer for a Vonage application; it signs tokens with RS256.

        *application_id*
            the id of the application, a UUID
        *key*
            the private key of the application: PEM text that begins with ``-----BEGIN``,
            the path of a PEM file, bytes, a key object of ``cryptography``, or a
            `PrivateKey`
        *password*
            the password of an encrypted PEM; by default None

        The key is read and validated once, which takes about 45 ms. Pass a `PrivateKey`
        to reuse a validated key, or to skip the validation.

        Raises InvalidInputError for an argument that is not valid, MissingDependencyError
        if ``cryptography`` is not installed.
        """
        from tokbox.tokens.rs256.backend import PrivateKeyBackend
        from tokbox.tokens.rs256.keys import PrivateKey

        application_id = check_application_id(application_id)
        private = PrivateKey(key, password=password)
        return cls._of(PrivateKeyBackend(application_id, private))

    @classmethod
    def _of(cls, backend: SigningBackend) -> Self:
        signer = cls.__new__(cls)
        signer.project_id, signer._backend = backend.project_id, backend
        return signer

    @property
    def _is_application(self) -> bool:
        """True if this signer signs for a Vonage application, with RS256."""
        return self._backend.is_application

    @property
    def fingerprint(self) -> str:
        """An identifier of the project for logs.

        It is the first 8 hex digits of the SHA-256 of the API key or application id. It
        does not depend on the secret.
        """
        import hashlib

        return hashlib.sha256(self.project_id.encode()).hexdigest()[:8]

    def __repr__(self) -> str:
        whose = "application" if self._is_application else "API key"
        return f"<Signer for {whose} {self.project_id}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a Signer cannot be pickled or copied: it would carry the secret along; pass "
            "a tokbox.integrations.KeyRef, and make a signer of it where it is used"
        )

    @property
    def _is_closed(self) -> bool:
        return self._backend.is_closed

    def close(self) -> None:
        """Wipe the key. Running calls finish; later calls with it raise ClosedError."""
        self._backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @strip_traceback
    def _jwt(self, claims: Mapping[str, Any]) -> str:
        """Return a JWT in compact form with these claims, which are not validated.

        It is signed with HS256, or with RS256 for an application.
        """
        return self._backend.sign_jwt(claims)

    @strip_traceback
    def session(self, session_id: str) -> SessionSigner:
        """Return a `SessionSigner` for one session.

        *session_id*
            the id of a session of this project or application

        Raises InvalidClaimsError for an id that is not valid or belongs to another project.
        """
        return SessionSigner(session_id, _backend=self._backend)

    @overload
    def sign_rows(
        self,
        session_id: Column[str],
        *,
        errors: Literal["raise"] = ...,
        **options: Unpack[RowOptions],
    ) -> TokenBatch[str]: ...
    @overload
    def sign_rows(
        self,
        session_id: Column[str],
        *,
        errors: Literal["null"],
        **options: Unpack[RowOptions],
    ) -> TokenBatch[str | None]: ...
    @overload
    def sign_rows(
        self, session_id: Column[str], *, errors: str, **options: Unpack[RowOptions]
    ) -> TokenBatch[str] | TokenBatch[str | None]: ...
    @strip_traceback
    def sign_rows(
        self,
        session_id: Column[str],
        *,
        errors: str = "raise",
        **options: Unpack[RowOptions],
    ) -> TokenBatch[str] | TokenBatch[str | None]:
        """Sign one token for each row and return them as a `TokenBatch`, in order.

        Each claim is one value for all rows, or a column with one value for each row. A
        column is a sequence, or an Arrow array or stream of any library. At least one
        claim, or the row key of *nonce*, must be a column, and all columns must have the
        same length. Values shared by all rows are validated and encoded once.

        *session_id*
            ids of sessions of this project or application
        *role*, *connection_data*, *kind*
            as in `SessionSigner`, with the same defaults; *kind* is one value for all rows
        *expiration*
            as in `SessionSigner`; by default 24 hours. Arrow durations and whole floats
            such as 3600.0 are accepted, too
        *expires_at*
            the end of the lifetime, in place of *expiration*: an aware datetime, text such
            as 2026-01-31T12:00Z, an int in seconds since the epoch, or an Arrow timestamp
            with a time zone; at most 30 days from now. By default None
        *initial_layout_class_list*
            one str of names separated by spaces for all rows, or a column of such strings
            or of sequences of names. A sequence is always a column. By default empty
        *errors*
            the handling of rows with a claim that is not valid: "raise", the default,
            raises InvalidClaimsError and signs nothing; "null" sets the row to None and
            adds the error to `TokenBatch.failures`
        *multithread*
            True to use every CPU that is available to the process; by default one thread
        *memory_pool*
            a `tokbox.types.MemoryPool` that reuses the memory of deleted batches; by
            default None. With one pool for a series of batches, signing is about twice as
            fast
        *nonce*
            a `tokbox.Derived`, so that signing the same rows again returns the same tokens;
            by default None, for random nonces

        Raises InvalidClaimsError, with ``.row``, ``.field`` and ``.rule``, for a claim that
        is not valid; InvalidArrowError for an inconsistent array or a table of several
        columns; InvalidInputError for any other argument that is not valid; MemoryError if
        the tokens need more memory than the machine has; ClosedError after `close`.
        Example::

            batch = signer.sign_rows(session_id, role=["publisher", "moderator"])
        """
        values: dict[str, Any] = {**ROW_DEFAULTS, **options}
        if len(values) > len(ROW_DEFAULTS):
            accepted = {*ROW_DEFAULTS, "errors"}
            name = next(name for name in options if name not in accepted)
            raise unknown_argument_error(f"{type(self).__name__}.sign_rows", name, accepted)
        values["session_id"] = session_id
        if values["nonce"] is None and values["expires_at"] is None:
            few = self._few_rows(
                tuple([values[argument] for argument, *_ in CLAIMS]),
                values["kind"],
                errors,
                values["multithread"],
                values["memory_pool"],
            )
            if few is not None:
                return few
        from tokbox.tokens.rows import sign_rows

        threads = self._threads_for(values.pop("multithread"))
        return sign_rows(self._backend, errors=errors, threads=threads, **values)

    @strip_traceback
    def verify(
        self,
        token: str,
        *,
        session_id: str | None = None,
        now: float | None = None,
        other_keys: Iterable[Signer | PublicKeySource] = (),
    ) -> Token:
        """Verify a token and return its claims as a `Token`.

        *token*
            a T1 token or a JWT of this project or application
        *session_id*
            the session that the token must be for; None, the default, for any session
        *now*
            the time of verification, in seconds since the epoch; by default the clock's
        *other_keys*
            further keys of the same project or application that are accepted, too, for
            example the old secret during a rotation: secrets, public keys (see
            `tokbox.PublicKey`) or `Signer` objects; by default none

        Raises MalformedTokenError, WrongAlgorithmError, WrongKeyError, BadSignatureError,
        WrongPurposeError, WrongClaimsError, WrongSessionError, NotYetValidTokenError or
        ExpiredTokenError, which are TokenErrors with a ``.reason``; InvalidInputError
        for another argument that is not valid; ClosedError after `close`.
        """
        from tokbox.tokens.verification.verify import check, prepare_keys

        return check(
            token,
            self._backend.verifier,
            self.project_id,
            session_id=session_id,
            now=now,
            others=prepare_keys(other_keys, self._verifier_of),
        )

    @strip_traceback
    def verify_many(
        self,
        tokens: Iterable[str] | ArrowArray | ArrowStream,
        *,
        session_id: str | None = None,
        now: float | None = None,
        other_keys: Iterable[Signer | PublicKeySource] = (),
        multithread: bool = False,
    ) -> Verification:
        """Verify many tokens, each like `verify`, and return a `Verification`.

        *tokens*
            an iterable of tokens, or an Arrow array or stream of strings; T1 tokens and
            JWTs can be mixed
        *session_id*, *now*, *other_keys*
            as in `verify`
        *multithread*
            True to use every CPU that is available to the process; by default one thread

        Tokens that are not valid are reported in the result and raise no exception. Raises
        InvalidInputError for an argument of another type, InvalidArrowError for an array
        of anything but strings, ClosedError after `close`. Example::

            verification = signer.verify_many(tokens, multithread=True)
            valid = [t for t, ok in zip(tokens, verification, strict=True) if ok]
        """
        from tokbox.tokens.verification.verify import check_many, prepare_keys

        return check_many(
            tokens,
            self._backend.verifier,
            self.project_id,
            session_id=session_id,
            now=now,
            threads=self._threads_for(multithread),
            others=prepare_keys(other_keys, self._verifier_of),
        )

    def _verifier_of(self, other: Any) -> Key | RSAVerifier:
        """Return the key of another signer of this project, or a prepared key."""
        if not isinstance(other, Signer):
            return self._backend.other_verifier(other)
        if other.project_id != self.project_id:
            rule = (
                f"belong to {self.project_id}, and one of the signers belongs to "
                f"{other.project_id}"
            )
            raise InvalidInputError("other_keys", None, rule, show=False)
        return other._backend.verifier

    def _threads_for(self, multithread: bool) -> Callable[[int], int]:
        """Return a function that computes the thread count from a number of tokens.

        Raises InvalidInputError unless *multithread* is a bool.
        """
        check_multithread(multithread)
        return lambda n: self._backend.threads(n, multithread)

    def _few_rows(
        self,
        claims: tuple[Any, ...],
        kind: object,
        errors: object,
        multithread: object,
        pool: object,
        random: bytes | None = None,
        now: int | None = None,
    ) -> TokenBatch[str] | None:
        """Sign a small number of rows with one call of the C core; see `SigningBackend`."""
        if (
            type(multithread) is not bool
            or type(errors) is not str
            or errors not in ("raise", "null")
            or not (pool is None or isinstance(pool, MemoryPool))
        ):
            return None
        return self._backend.few_rows(claims, kind, pool, random, now)
