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
    """Make ids of the bytes that *draw* gives; the same bytes make the same ids.

    The private key of an application does not come from here. The secrets of projects
    do: they are part of replies.
    """

    def __init__(self, draw: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._draw = draw

    def uuid(self) -> str:
        """Make a random UUID (RFC 9562, version 4)."""
        return str(uuid.UUID(bytes=self._draw(16), version=4))

    def base64(self, size: int) -> str:
        """Make *size* random bytes, in base64."""
        return base64.b64encode(self._draw(size)).decode()

    def raw(self, size: int) -> bytes:
        """Make *size* random bytes."""
        return self._draw(size)

    def hex(self, size: int) -> str:
        """Make *size* random bytes, in hexadecimal digits."""
        return self._draw(size).hex()

    def digits(self, size: int) -> str:
        """Make a number of *size* decimal digits, the first of which is not zero."""
        minimum = 10 ** (size - 1)
        return str(minimum + int.from_bytes(self._draw(16), "big") % (9 * minimum))

    def choice(self, values: Sequence[str]) -> str:
        """Choose one of *values*."""
        return values[int.from_bytes(self._draw(8), "big") % len(values)]


class Seed:
    """Bytes that follow from a number, and from how many draws came before.

    The count is kept in the store, in the transaction of whatever the bytes are for. So
    a refused call leaves no trace, and a restart goes on where the last one ended.
    """

    #: The setting that counts the draws.
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
        """Return the next *size* bytes. To be used inside a transaction of the store."""
        drawn = int(self._store.setting(self._DRAWN, "0"))
        self._store.set_setting(self._DRAWN, str(drawn + 1))
        return self._bytes(f"draw {drawn}", size)

    def link_key(self) -> bytes:
        """Return the key that signs download links, which are part of replies."""
        return self._bytes("link key", 32)

    def _bytes(self, what: str, size: int) -> bytes:
        text = f"tokbox emulator, seed {self._number}: {what}"
        return hashlib.shake_256(text.encode()).digest(size)
