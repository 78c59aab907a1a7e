"""Sign JWTs with RS256, with the private key of an application.

`Key`, `BatchPlan` and `Rows` have the same methods as the classes of these names in the C
core. They are plain Python, because an RSA signature takes a hundred times as long as the
other work for a token. Values shared by all tokens are validated and encoded once, and
OpenSSL signs with the GIL released.
"""

from __future__ import annotations

import os
import time
from array import array
from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate
from typing import Any

from tokbox import _fastsign
from tokbox._fastsign import CLAIMS
from tokbox._memory import Memory
from tokbox.secrecy import strip_traceback
from tokbox.tokens import jwt
from tokbox.tokens.backend import SigningBackend, refuse
from tokbox.tokens.columns import Column
from tokbox.tokens.derive import LABEL
from tokbox.tokens.parallel import parallel_for
from tokbox.tokens.rs256.keys import PrivateKey, PublicKey

__all__ = ["BatchPlan", "Key", "PrivateKeyBackend", "Rows"]

#: Signatures per slice of work, which take a few milliseconds.
PIECE = 8

_HEAD = jwt.head("RS256")
#: The text after the digits of the jti, and the number of its digits.
_END = b'"}'
_DIGITS = 27


def _draw(random: bytes | None) -> int:
    """Return the first jti of a batch: 27 digits, derived from 24 bytes as in the core."""
    drawn = os.urandom(24) if random is None else random
    high, middle, low = (int.from_bytes(drawn[i : i + 8], "little") for i in (0, 8, 16))
    # The first digit is not 0, and no batch is large enough to overflow 27 digits.
    high = 10**8 + high % (9 * 10**8 - 1)
    return (high * 10**9 + middle % 10**9) * 10**9 + low % 10**9


def _encoded(nbytes: int) -> int:
    """Return the length of *nbytes* bytes as base64url without padding."""
    return (nbytes * 4 + 2) // 3


class PrivateKeyBackend(SigningBackend):
    """Sign JWTs with RS256, with the private key of an application."""

    __slots__ = ("_public",)

    is_application: bool = True
    #: Signing this many tokens takes about 0.1 s.
    chunk: int = 256
    thread_threshold: int = 16

    def __init__(self, application_id: str, private: PrivateKey) -> None:
        super().__init__(application_id, Key(private))
        self._public = private.public_key()

    @property
    def verifier(self) -> PublicKey:
        if self.is_closed:
            refuse()
        return self._public

    def other_verifier(self, source: Any) -> PublicKey:
        return PublicKey(source)

    def prefix(self, session_id: str, is_jwt: bool = False) -> tuple[bytes, bytes, bool]:
        return _HEAD, jwt.first_claims(self.project_id, session_id), True

    def sign_jwt(self, claims: Mapping[str, Any]) -> str:
        token: bytes = self.key.sign(_HEAD + jwt.encode(jwt.compact(claims)))
        return token.decode()

    def nonce_key(self) -> _fastsign.Key:
        return _fastsign.Key(self.key.private._secret_for(LABEL))

    def plan_at(
        self, create_time: int, is_jwt: bool, claims: Mapping[str, Any]
    ) -> BatchPlan:
        data = jwt.constant_part(self.project_id, create_time, claims) + jwt.NONCE_NAME
        return BatchPlan(self.key, data)

    def rows(
        self,
        n: int,
        is_jwt: bool,
        create_time: int,
        claims: Mapping[str, Any],
        random: bytes | None,
    ) -> Rows:
        data = jwt.constant_part(self.project_id, create_time, claims)
        return Rows(self.key, n, data, create_time, random)


class Key:
    """A private key that signs tokens."""

    __slots__ = ("private", "signature_length")

    private: PrivateKey
    #: The length of a signature in base64 characters.
    signature_length: int

    def __init__(self, private: PrivateKey) -> None:
        self.private = private
        self.signature_length = _encoded((private.bits + 7) // 8)

    def sign(self, message: bytes) -> bytes:
        """Return the JWT for *message*, the encoded header and payload."""
        return b"%b.%b" % (message, jwt.encode(self.private._sign(message)))

    def token(
        self,
        head: bytes,
        first: bytes,
        claims: tuple[Any, ...],
        slow_path: Callable[[str, Any], Any],
        is_jwt: bool = True,
        random: bytes | None = None,
    ) -> str:
        """Sign one token; *first* has the claims that precede the creation time."""
        return self.plan(head, first, claims, slow_path, is_jwt, random).strings(1)[0]

    def plan(
        self,
        head: bytes,
        first: bytes,
        claims: tuple[Any, ...],
        slow_path: Callable[[str, Any], Any],
        is_jwt: bool = True,
        random: bytes | None = None,
    ) -> BatchPlan:
        """Prepare a batch with constant claims; the arguments are those of `token`."""
        checked = {
            name: slow_path(name, value)
            for (name, *_), value in zip(CLAIMS, claims, strict=True)
            if name != "session_id"
        }
        data = jwt.further_claims(first, int(time.time()), checked)
        return BatchPlan(self, data, random)


class BatchPlan:
    """A batch of tokens that differ only in their jti; *data* is the payload before it."""

    __slots__ = ("_first", "_key", "_prefix", "_rest", "token_length")

    #: The length of each token in characters.
    token_length: int

    def __init__(self, key: Key, data: bytes, random: bytes | None = None) -> None:
        # Base64 encodes each group of three bytes independently, so the prefix is encoded
        # once.
        whole = len(data) - len(data) % 3
        self._prefix = _HEAD + jwt.encode(data[:whole])
        self._rest = data[whole:]
        self._key = key
        self._first = _draw(random)
        payload = _encoded(len(data) + _DIGITS + len(_END))
        self.token_length = len(_HEAD) + payload + 1 + key.signature_length

    def _token(self, i: int) -> bytes:
        end = self._rest + str(self._first + i).encode() + _END
        return self._key.sign(self._prefix + jwt.encode(end))

    def fill(
        self,
        memory: Memory,
        n: int,
        *,
        first: int = 0,
        threads: int = 1,
        lines: bool = False,
    ) -> None:
        """Sign tokens *first* ... *first* + *n* - 1 into *memory*.

        With *lines*, a line feed follows each token.
        """
        stride = self.token_length + lines
        newline = b"\n" if lines else b""

        def sign(rows: range) -> None:
            for row in rows:
                memory.put(row * stride, self._token(first + row) + newline)

        parallel_for(sign, n, piece=PIECE, threads=threads)

    @strip_traceback
    def strings(self, n: int, *, threads: int = 1) -> list[str]:
        """Sign *n* tokens as strings."""
        tokens = [""] * n

        def sign(rows: range) -> None:
            for row in rows:
                tokens[row] = self._token(row).decode()

        parallel_for(sign, n, piece=PIECE, threads=threads)
        return tokens


class Rows:
    """Signs *n* tokens with claims in columns.

    *data* has the claims shared by all rows. *slow_path* validates each value of a column:
    it returns the value to sign, returns None to leave the row without a token, or raises.
    """

    __slots__ = (
        "_columns",
        "_create_time",
        "_data",
        "_key",
        "_numbers",
        "_payloads",
        "_random",
        "n",
    )

    n: int

    def __init__(
        self, key: Key, n: int, data: bytes, create_time: int, random: bytes | None = None
    ) -> None:
        self.n = n
        self._key = key
        self._data = data
        self._create_time = create_time
        self._random = random
        self._columns: dict[str, list[Any]] = {}
        self._payloads: list[bytes] = []
        self._numbers: list[int | None] | None = None

    def column(
        self,
        claim: str,
        values: Column,
        slow_path: Callable[[int, Any], Any],
        owner: bytes | None = None,
        *,
        threads: int = 1,
    ) -> None:
        """Set the column of a claim."""
        self._columns[claim] = [slow_path(row, value) for row, value in enumerate(values)]

    def row_keys(
        self,
        key: _fastsign.Key,
        run_id: bytes,
        values: list[Any] | tuple[Any, ...],
        slow_path: Callable[[int, Any], str | None],
        repeated: Callable[[int, Any], str | None],
        *,
        threads: int = 1,
    ) -> None:
        """Derive each jti from *run_id* and the row's key, like the core (derive.c)."""
        run = len(run_id).to_bytes(8, "big") + run_id
        seen: set[str] = set()
        self._numbers = []
        for row, value in enumerate(values):
            text = slow_path(row, value)
            if text in seen:
                text = repeated(row, value)
            if text is None:
                self._numbers.append(None)
                continue
            seen.add(text)
            self._numbers.append(_draw(key.hmac_sha256(run + text.encode())))

    def _jtis(self) -> Iterable[int | None]:
        """Return the jti of each row, None for a row without a token."""
        if self._numbers is not None:
            return self._numbers
        first = _draw(self._random)
        return range(first, first + self.n)

    def _payload(self, row: int, number: int | None) -> bytes:
        claims = {name: column[row] for name, column in self._columns.items()}
        if number is None or None in claims.values():
            return b""
        said = self._data + jwt.varying_claims(self._create_time, claims)
        return said + jwt.NONCE_NAME + str(number).encode() + _END

    def lengths(self, *, threads: int = 1) -> Memory:
        """Return the start of each token and the end, as n + 1 64-bit integers."""
        self._payloads = [self._payload(row, jti) for row, jti in enumerate(self._jtis())]
        around = len(_HEAD) + 1 + self._key.signature_length
        lengths = (around + _encoded(len(p)) if p else 0 for p in self._payloads)
        at = array("q", accumulate(lengths, initial=0))
        offsets = Memory(at.itemsize * len(at))
        offsets.put(0, at.tobytes())
        return offsets

    def sign(self, memory: Memory, offsets: Memory, *, threads: int = 1) -> None:
        """Sign all rows into *memory*, at the *offsets* that `lengths` returned."""
        at = memoryview(offsets).cast("q")

        def sign(rows: range) -> None:
            for row in rows:
                if payload := self._payloads[row]:
                    message = _HEAD + jwt.encode(payload)
                    memory.put(at[row], self._key.sign(message))

        parallel_for(sign, self.n, piece=PIECE, threads=threads)
