"""A prepared key, and everything it signs."""

from __future__ import annotations

from tokbox._memory import MemoryPool
from tokbox.enums import HOURS_24, Role
from tokbox.lazy import set_module
from tokbox.secrecy import safe_repr, strip_traceback
from tokbox.tokens.backend import SecretBackend
from tokbox.tokens.claims import (
    check_application_id,
    check_multithread,
    check_project,
)
from tokbox.tokens.parallel import threads_for
from tokbox.tokens.session import SessionSigner
from tokbox.typed import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime, timedelta
    from types import TracebackType
    from typing import Any, Literal, NoReturn

    from typing_extensions import Self, Unpack

    from tokbox.literals import TokenKind
    from tokbox.tokens.backend import SigningBackend
    from tokbox.tokens.batch import TokenBatch
    from tokbox.tokens.columns import ArrowArray, ArrowStream
    from tokbox.tokens.derive import Derived
    from tokbox.tokens.row_columns import Column, RoleColumn, RowOptions
    from tokbox.tokens.rs256.keys import PrivateKeySource
    from tokbox.tokens.token import Token
    from tokbox.tokens.verification.results import Verification

__all__ = ["Signer"]


@set_module("tokbox")
@safe_repr
class Signer:
    """An API key and its secret, prepared once: signs, verifies, and is safe to share.

    The secret is not kept, only the states that HMAC has after it, in memory that is
    wiped when the signer is closed or freed, and at the end of a ``with`` block. A signer
    cannot be pickled or copied::

        with Signer("40000123", secret) as signer:
            token = signer.session(session_id).token()

    `from_private_key` makes one that signs for a Vonage application.

    Raises InvalidInputError, which shows neither, for a key that is not a number and for a
    secret that holds anything but printable ASCII, a space, or a quotation mark.
    """

    __slots__ = ("_backend", "project_id")

    #: The project or application: the API key, or the application id.
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
        """Make the signer of a Vonage application, whose tokens are signed with RS256.

        *key* is its private key: PEM text that begins with ``-----BEGIN``, the path of a
        PEM file, bytes, a key object of ``cryptography``, or a `PrivateKey`. It is read
        and checked here, once, which takes 45 ms unless `PrivateKey` skips it. *password*
        is what the PEM is encrypted with.

        Raises InvalidInputError, MissingDependencyError without the package
        ``cryptography``.
        """
        from tokbox.tokens.rs256.backend import PrivateKeyBackend
        from tokbox.tokens.rs256.keys import PrivateKey

        application_id = check_application_id(application_id)
        private = PrivateKey(key, password=password)
        signer = cls.__new__(cls)
        signer.project_id = application_id
        signer._backend = PrivateKeyBackend(application_id, private)
        return signer

    @property
    def _is_application(self) -> bool:
        """Whether this signs for a Vonage application, with RS256."""
        return self._backend.algorithm == "RS256"

    @property
    def fingerprint(self) -> str:
        """What names the key in logs without telling whose it is.

        The first 8 hex digits of SHA-256 of the API key or application id; the secret
        has no part in it.
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
        """Wipe the key. Calls under way still finish; later ones raise ClosedError."""
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
        """Return a JWT with these claims, in the compact form. No claim is checked.

        It is signed with HS256, or with RS256 for an application.
        """
        return self._backend.sign_jwt(claims)

    def session(self, session_id: str) -> SessionSigner:
        """Return the signer of one session's tokens, or raise InvalidClaimsError."""
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
    def sign_rows(
        self,
        session_id: Column[str],
        *,
        role: RoleColumn = Role.PUBLISHER,
        connection_data: Column[str | None] = "",
        expiration: Column[int | timedelta | str] = HOURS_24,
        expires_at: Column[datetime | str | int] | None = None,
        initial_layout_class_list: Column[str | Iterable[str] | None] = "",
        kind: TokenKind | None = None,
        errors: str = "raise",
        multithread: bool = False,
        memory_pool: MemoryPool | None = None,
        nonce: Derived | None = None,
    ) -> TokenBatch[str] | TokenBatch[str | None]:
        """Sign one token a row, each with claims of its own, in order.

        Each claim is one value for all rows, or a column with a value for each row: a
        sequence, or an Arrow array or stream of any library. (A sequence of layout
        classes is a column, too; its values are names joined by spaces, or sequences of
        names.) Claims and rules are those of `SessionSigner`; None in
        a column means what it means there. An Arrow value is accepted if the Python value
        that it stands for is: a duration or the float 3600.0 as an expiration, for example.
        Values shared by all rows are hashed and encoded once.

        *expires_at* takes the place of *expiration*: when tokens end, at most 30 days from
        now. It is an aware datetime, text such as 2026-01-31T12:00Z, or whole seconds since
        the epoch; in Arrow, a timestamp with a time zone.

        With ``errors="raise"``, a value that breaks a rule raises InvalidClaimsError with
        its ``.row``, ``.field`` and ``.rule``, and nothing is signed. With
        ``errors="null"`` its row is None, and `TokenBatch.failures` has the reasons.
        InvalidArrowError is for an array that contradicts itself, or a table of several
        columns.

        Who signs one batch after the other passes them all one *memory_pool*: each uses
        the memory of an earlier one that is gone, which is about twice as fast.

        Nonces are random, or derived from the rows: with a `Derived` as *nonce*, signing
        the same rows again returns the same tokens.
        """
        if nonce is None and expires_at is None:
            few = self._few_rows(
                [session_id, role, connection_data, expiration, initial_layout_class_list],
                kind,
                errors,
                multithread,
                memory_pool,
            )
            if few is not None:
                return few
        from tokbox.tokens.rows import sign_rows

        return sign_rows(
            self._backend,
            session_id=session_id,
            role=role,
            connection_data=connection_data,
            expiration=expiration,
            expires_at=expires_at,
            initial_layout_class_list=initial_layout_class_list,
            kind=kind,
            errors=errors,
            threads=self._threads_for(multithread),
            memory_pool=memory_pool,
            nonce=nonce,
        )

    @strip_traceback
    def verify(
        self, token: str, *, session_id: str | None = None, now: float | None = None
    ) -> Token:
        """Verify a token, and return its claims.

        *session_id*
            the session that the token must be for; None, the default, for any session
        *now*
            the time of verification, in seconds since the epoch; by default the clock's

        Raises MalformedTokenError, WrongAlgorithmError, WrongKeyError, BadSignatureError,
        WrongPurposeError, WrongClaimsError, WrongSessionError, NotYetValidTokenError or
        ExpiredTokenError, which are TokenErrors with a ``.reason``; InvalidInputError
        for a *session_id* or *now* of another type.
        """
        from tokbox.tokens.verification.verify import check

        return check(
            token, self._backend.verifier, self.project_id, session_id=session_id, now=now
        )

    @strip_traceback
    def verify_many(
        self,
        tokens: Iterable[str] | ArrowArray | ArrowStream,
        *,
        session_id: str | None = None,
        now: float | None = None,
        multithread: bool = False,
    ) -> Verification:
        """Verify many tokens, each as `verify` does; see `Verification`.

        Tokens of all kinds can be mixed. They can also be an Arrow array or stream of
        strings. *multithread* uses every CPU.
        """
        from tokbox.tokens.verification.verify import check_many

        return check_many(
            tokens,
            self._backend.verifier,
            self.project_id,
            session_id=session_id,
            now=now,
            threads=self._threads_for(multithread),
        )

    def _threads_for(self, multithread: bool) -> Callable[[int], int]:
        """Return a function that returns the number of threads for a number of tokens.

        InvalidInputError unless *multithread* is a bool.
        """
        check_multithread(multithread)
        return lambda n: threads_for(n, multithread, self._backend.thread_threshold)

    def _few_rows(
        self,
        claims: list[Any],
        kind: object,
        errors: object,
        multithread: object,
        pool: object,
        random: bytes | None = None,
        now: int | None = None,
    ) -> TokenBatch[str] | None:
        """Sign a small number of rows in one call of the core; see `SigningBackend`."""
        if (
            type(multithread) is not bool
            or type(errors) is not str
            or errors not in ("raise", "null")
            or not (pool is None or isinstance(pool, MemoryPool))
        ):
            return None
        return self._backend.few_rows(claims, kind, pool, random, now)
