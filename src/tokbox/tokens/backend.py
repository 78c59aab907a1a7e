"""The interface of signing backends, and the backend for an API secret."""

from __future__ import annotations

from tokbox._fastsign import BatchPlan as CorePlan
from tokbox._fastsign import Key, Rows
from tokbox.errors import ClosedError
from tokbox.tokens import jwt, t1
from tokbox.tokens.batch import TokenBatch
from tokbox.tokens.claims import check_kind, check_multithread, check_secret
from tokbox.tokens.parallel import threads_for
from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, NoReturn, Protocol

    from tokbox._memory import Memory, MemoryPool
    from tokbox.tokens.verification.verify import RSAVerifier

    class BatchPlan(Protocol):
        """Prepared tokens that differ in their nonce only."""

        @property
        def token_length(self) -> int:
            """The length of each token in characters."""
            raise NotImplementedError

        def fill(
            self,
            memory: Memory,
            n: int,
            *,
            first: int = 0,
            threads: int = 1,
            lines: bool = False,
        ) -> None:
            """Sign tokens *first* ... *first* + *n* - 1 into *memory*."""

        def strings(self, n: int, *, threads: int = 1) -> list[str]:
            """Sign *n* tokens as strings."""
            raise NotImplementedError


__all__ = ["SecretBackend", "SigningBackend", "refuse"]


def refuse(*arguments: object) -> NoReturn:
    """Raise the error of calls after `close`."""
    raise ClosedError("this signer is closed: create another one")


class SigningBackend:
    """A key, and how tokens are signed with it. A signer and its sessions share one.

    Its methods raise ClosedError after `close`.
    """

    __slots__ = ("_key", "plan", "project_id", "token")

    #: The API key, or the application id.
    project_id: str
    #: Whether the key is that of a Vonage application.
    is_application: bool
    #: Tokens in one piece of a stream.
    chunk: int
    #: With fewer tokens than this, a second thread costs more than it gains.
    thread_threshold: int

    if TYPE_CHECKING:
        #: Sign one token, and prepare a batch; see `Key.token` and `Key.plan`.
        token: Callable[..., str]
        plan: Callable[..., BatchPlan]

    def __init__(self, project_id: str, key: Any) -> None:
        self.project_id = project_id
        self._key = key
        self.token, self.plan = key.token, key.plan

    def close(self) -> None:
        """Release the key, which wipes it. Calls under way still finish."""
        self._key = None
        self.token = self.plan = refuse

    @property
    def is_closed(self) -> bool:
        return self._key is None

    @property
    def key(self) -> Any:
        """The key that signs."""
        return self._key or refuse()

    @property
    def verifier(self) -> Key | RSAVerifier:
        """The key that verifies the tokens."""
        raise NotImplementedError

    def other_verifier(self, source: Any) -> Key | RSAVerifier:
        """Return another key of the same kind, which verifies: a secret, or a public key.

        Raises InvalidInputError, which does not show the key.
        """
        raise NotImplementedError

    def check_kind(self, kind: object) -> bool:
        """Return whether tokens of this *kind* are JWTs. Raises InvalidClaimsError."""
        return check_kind(kind, application=self.is_application)

    def threads(self, n: int, multithread: bool) -> int:
        """Return the number of threads for *n* tokens.

        Raises InvalidInputError unless *multithread* is a bool.
        """
        return threads_for(n, check_multithread(multithread), self.thread_threshold)

    def prefix(self, session_id: str, is_jwt: bool = False) -> tuple[bytes, bytes, bool]:
        """Return the prefix of the tokens of a session.

        It is the text before the claims, the claims up to the time, and *is_jwt*.
        """
        raise NotImplementedError

    def sign_jwt(self, claims: Mapping[str, Any]) -> str:
        """Return a JWT with these claims, in the compact form. No claim is checked."""
        raise NotImplementedError

    def nonce_key(self) -> Key:
        """Return the key of derived nonces, which is derived from this one."""
        raise NotImplementedError

    def few_rows(
        self,
        claims: tuple[Any, ...],
        kind: object,
        pool: MemoryPool | None,
        random: bytes | None,
        now: int | None,
    ) -> TokenBatch[str] | None:
        """Sign a small number of rows in one call of the core; see `Key.few_rows`.

        None is returned for arguments that need more checks.
        """
        return None

    def plan_at(
        self, create_time: int, is_jwt: bool, claims: Mapping[str, Any]
    ) -> BatchPlan:
        """Prepare a batch like `plan`, made at *create_time*. *claims* must be valid."""
        raise NotImplementedError

    def rows(
        self,
        n: int,
        is_jwt: bool,
        create_time: int,
        claims: Mapping[str, Any],
        random: bytes | None,
    ) -> Any:
        """Prepare *n* rows that share *claims*, which were checked: a `Rows`."""
        raise NotImplementedError


class SecretBackend(SigningBackend):
    """Sign T1 tokens, and JWTs with HS256, with an API secret."""

    __slots__ = ("_head",)

    is_application: bool = False
    #: About 3 MB, which stays in a cache.
    chunk: int = 8192
    thread_threshold: int = 8192

    def __init__(self, project_id: str, secret: bytes) -> None:
        super().__init__(project_id, Key(secret))
        self._head = t1.head(project_id)

    @property
    def verifier(self) -> Key:
        key: Key = self.key
        return key

    def other_verifier(self, source: Any) -> Key:
        return Key(check_secret(source, "other_keys"))

    def prefix(self, session_id: str, is_jwt: bool = False) -> tuple[bytes, bytes, bool]:
        if is_jwt:
            return jwt.head("HS256"), jwt.first_claims(self.project_id, session_id), True
        return self._head, t1.first_claims(self.project_id, session_id), False

    def sign_jwt(self, claims: Mapping[str, Any]) -> str:
        message = jwt.head("HS256") + jwt.encode(jwt.compact(claims))
        mac = self.verifier.hmac_sha256(message)
        return (message + b"." + jwt.encode(mac)).decode()

    def nonce_key(self) -> Key:
        from tokbox.tokens.derive import LABEL

        return Key(self.verifier.hmac_sha256(LABEL))

    def few_rows(
        self,
        claims: tuple[Any, ...],
        kind: object,
        pool: MemoryPool | None,
        random: bytes | None,
        now: int | None,
    ) -> TokenBatch[str] | None:
        head, around = self._head, (b"create_time=", b"")
        if is_jwt := kind is not None and check_kind(kind):
            head, around = jwt.head("HS256"), jwt.around_time(self.project_id)
        few = self.key.few_rows(
            head, around, now, claims, self.project_id, is_jwt, pool, random
        )
        return None if few is None else TokenBatch(few[0], range(few[2]), offsets=few[1])

    def plan_at(
        self, create_time: int, is_jwt: bool, claims: Mapping[str, Any]
    ) -> BatchPlan:
        form, head = self._form(is_jwt)
        data = form.constant_part(self.project_id, create_time, claims) + form.NONCE_NAME
        plan: BatchPlan = CorePlan(self.key, head, data, is_jwt)
        return plan

    def rows(
        self,
        n: int,
        is_jwt: bool,
        create_time: int,
        claims: Mapping[str, Any],
        random: bytes | None,
    ) -> Rows:
        form, head = self._form(is_jwt)
        data = form.constant_part(self.project_id, create_time, claims)
        return Rows(self.key, n, head, data, create_time, is_jwt, random)

    def _form(self, is_jwt: bool) -> tuple[Any, bytes]:
        """Return the module of the token format, and the text before the claims."""
        return (jwt, jwt.head("HS256")) if is_jwt else (t1, self._head)
