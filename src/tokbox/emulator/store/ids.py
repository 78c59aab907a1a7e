"""Random IDs and keys."""

from __future__ import annotations

import base64
import hashlib
import secrets
import uuid
from collections.abc import Callable, Sequence

from tokbox.emulator.store.database import Store
from tokbox.errors import InvalidInputError
from tokbox.exact import exact_int

__all__ = ["Ids", "Seed"]


class Ids:
    """Create IDs from the bytes of *draw*; the same bytes result in the same IDs.

    The private key of an application is generated elsewhere. The secrets of projects are
    created here, because they are part of responses.
    """

    def __init__(self, draw: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._draw = draw

    def uuid(self) -> str:
        """Create a random UUID (RFC 9562, version 4)."""
        return str(uuid.UUID(bytes=self._draw(16), version=4))

    def base64(self, size: int) -> str:
        """Create *size* random bytes, in base64."""
        return base64.b64encode(self._draw(size)).decode()

    def raw(self, size: int) -> bytes:
        """Create *size* random bytes."""
        return self._draw(size)

    def hex(self, size: int) -> str:
        """Create *size* random bytes, in hexadecimal digits."""
        return self._draw(size).hex()

    def digits(self, size: int) -> str:
        """Create a number of *size* decimal digits without leading zeros."""
        minimum = 10 ** (size - 1)
        return str(minimum + int.from_bytes(self._draw(16), "big") % (9 * minimum))

    def choice(self, values: Sequence[str]) -> str:
        """Choose one of *values*."""
        return values[int.from_bytes(self._draw(8), "big") % len(values)]


class Seed:
    """Deterministic bytes, derived from a number and the count of previous draws.

    The count is stored in the transaction that uses the bytes. A refused request therefore
    does not change it, and it continues after a restart.
    """

    #: The setting with the number of draws.
    _DRAWN = "seed_drawn"

    def __init__(self, number: int, store: Store) -> None:
        """Raises :class:`InvalidInputError` unless *number* is an integer of 0 or more."""
        whole = exact_int(number)
        if whole is None or whole < 0:
            raise InvalidInputError(
                "seed", number, "be a whole number that is not negative"
            )
        self._number = whole
        self._store = store

    def draw(self, size: int) -> bytes:
        """Return the next *size* bytes. Use it inside a transaction of the store."""
        drawn = int(self._store.setting(self._DRAWN, "0"))
        self._store.set_setting(self._DRAWN, str(drawn + 1))
        return self._bytes(f"draw {drawn}", size)

    def link_key(self) -> bytes:
        """Return the key for download links, which are part of responses."""
        return self._bytes("link key", 32)

    def _bytes(self, what: str, size: int) -> bytes:
        text = f"tokbox emulator, seed {self._number}: {what}"
        return hashlib.shake_256(text.encode()).digest(size)
