"""A prepared key, and everything it signs."""

from __future__ import annotations

from tokbox._fastsign import Key, Rows
from tokbox._memory import MemoryPool
from tokbox.enums import HOURS_24, Role
from tokbox.errors import ClosedError
from tokbox.lazy import set_module
from tokbox.secrecy import safe_repr, strip_traceback
from tokbox.tokens import jwt, t1
from tokbox.tokens.batch import TokenBatch
from tokbox.tokens.claims import (
    check_application_id,
    check_kind,
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
    from tokbox.tokens import rs256
    from tokbox.tokens.columns import ArrowArray, ArrowStream
    from tokbox.tokens.derive import Derived
    from tokbox.tokens.results import Verification
    from tokbox.tokens.row_columns import Column, RoleColumn, RowOptions
    from tokbox.tokens.rsa import PrivateKeySource, PublicKey
    from tokbox.tokens.token import Token

__all__ = ["Signer"]

#: Below this many tokens a second thread costs more than it brings; RSA takes its time.
_WORTH_A_THREAD = 8192
_RSA_WORTH_A_THREAD = 16

#: Tokens in one piece of a stream: about 3 MB, which stays in a cache. With RSA, a tenth
#: of a second's work.
CHUNK = 8192
_RSA_CHUNK = 256


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

    __slots__ = ("_chunk", "_head", "_key", "_worth_a_thread", "project_id")

    #: The project or application: the API key, or the application id.
    project_id: str
    #: How many tokens a stream makes at once if nothing else is said.
    _chunk: int
    #: Below this many tokens a second thread costs more than it brings.
    _worth_a_thread: int

    _head: bytes
    _key: Key | rs256.Key | None

    @strip_traceback
    def __init__(self, api_key: str, secret: str) -> None:
        self.project_id, checked = check_project(api_key, secret)
        self._key = Key(checked)
        self._head = t1.head(self.project_id)
        self._chunk, self._worth_a_thread = CHUNK, _WORTH_A_THREAD

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
        from tokbox.tokens import rs256
        from tokbox.tokens.rsa import PrivateKey

        signer = cls.__new__(cls)
        signer._key = None  # should the lines below fail
        signer.project_id = check_application_id(application_id)
        signer._key = rs256.Key(PrivateKey(key, password=password))
        signer._head = b""
        signer._chunk, signer._worth_a_thread = _RSA_CHUNK, _RSA_WORTH_A_THREAD
        return signer

    @property
    def _is_application(self) -> bool:
        """Whether this signs for a Vonage application, with RS256."""
        return not self.project_id.isdecimal()

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
        return self._key is None

    @property
    def _prepared(self) -> Key | rs256.Key:
        """The prepared key. Raises ClosedError after `close`."""
        if self._key is None:
            raise ClosedError("this signer is closed: make another one")
        return self._key

    def close(self) -> None:
        """Wipe the key. Calls under way still finish; later ones raise ClosedError."""
        self._key = None

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
    def _hs256(self, message: bytes) -> bytes:
        """The 32 bytes of HMAC-SHA256 of *message* under the secret (RFC 7515, HS256).

        ValueError for an application, which has no secret.
        """
        key = self._prepared
        if not isinstance(key, Key):
            raise ValueError("an application signs with RS256, not with HS256")
        return key.hmac_sha256(message)

    @strip_traceback
    def _jwt(self, claims: Mapping[str, Any]) -> str:
        """Return a JWT that says *claims* and nothing else, in the compact form.

        It is signed with HS256, or with RS256 for an application. No claim is checked.
        """
        key = self._prepared
        body = jwt.encode(jwt.compact(claims))
        if isinstance(key, Key):
            message = jwt.head("HS256") + body
            return (message + b"." + jwt.encode(key.hmac_sha256(message))).decode()
        return key.sign(jwt.head("RS256") + body).decode()

    def session(self, session_id: str) -> SessionSigner:
        """Return the signer of one session's tokens, or raise InvalidClaimsError."""
        return SessionSigner(session_id, _signer=self)

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
            self,
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
        from tokbox.tokens.verify import check

        return check(token, self._verifier, self.project_id, session_id=session_id, now=now)

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
        from tokbox.tokens.verify import check_many

        return check_many(
            tokens,
            self._verifier,
            self.project_id,
            session_id=session_id,
            now=now,
            threads=self._threads_for(multithread),
        )

    @property
    def _verifier(self) -> Key | PublicKey:
        """What verifies: the secret itself, or the other half of a private key."""
        key = self._prepared
        return key if isinstance(key, Key) else key.public

    # What the rest of this package makes tokens by:

    def _nonce_key(self) -> Key:
        """The key of derived nonces, made of the secret for them alone."""
        from tokbox.tokens.derive import LABEL

        key = self._prepared
        if isinstance(key, Key):
            return Key(key.hmac_sha256(LABEL))
        return Key(key.private._secret_for(LABEL))

    def _check_kind(self, kind: object) -> bool:
        """Return whether tokens of this *kind* are JWTs. Raises InvalidClaimsError."""
        return check_kind(kind, application=self._is_application)

    def _threads(self, n: int, multithread: bool) -> int:
        """Return the number of threads for *n* tokens.

        InvalidInputError unless *multithread* is a bool.
        """
        return threads_for(n, check_multithread(multithread), self._worth_a_thread)

    def _threads_for(self, multithread: bool) -> Callable[[int], int]:
        """Check *multithread*, and return `_threads` for any number of tokens."""
        check_multithread(multithread)
        return lambda n: self._threads(n, multithread)

    def _prefix(self, session_id: str, is_jwt: bool) -> tuple[bytes, bytes, bool]:
        """Return the prefix of the tokens of a session.

        It is the text before the claims, the claims up to the time, and *is_jwt*.
        """
        if not is_jwt:
            return self._head, t1.first_claims(self.project_id, session_id), False
        head = jwt.head("RS256" if self._is_application else "HS256")
        return head, jwt.first_claims(self.project_id, session_id), True

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
        """Sign up to 128 rows in one call of the core, or return None; see `Key.few_rows`.

        None also stands for arguments that need more checks.
        """
        key = self._key
        if (
            not isinstance(key, Key)
            or type(multithread) is not bool
            or type(errors) is not str
            or errors not in ("raise", "null")
            or not (pool is None or isinstance(pool, MemoryPool))
        ):
            return None
        head, around = self._head, (b"create_time=", b"")
        if is_jwt := kind is not None and check_kind(kind):
            head, around = jwt.head("HS256"), jwt.around_time(self.project_id)
        few = key.few_rows(head, around, now, claims, self.project_id, is_jwt, pool, random)
        return None if few is None else TokenBatch(few[0], range(few[2]), offsets=few[1])

    def _rows(
        self,
        n: int,
        is_jwt: bool,
        create_time: int,
        claims: Mapping[str, Any],
        random: bytes | None,
    ) -> Rows | rs256.Rows:
        """Prepare rows that share *claims*, checked; see `tokbox.tokens.rows`."""
        key, form = self._prepared, jwt if is_jwt else t1
        data = form.constant_part(self.project_id, create_time, claims)
        if not isinstance(key, Key):
            from tokbox.tokens import rs256

            return rs256.Rows(key, n, data, create_time, random)
        head = jwt.head("HS256") if is_jwt else self._head
        return Rows(key, n, head, data, create_time, is_jwt, random)
