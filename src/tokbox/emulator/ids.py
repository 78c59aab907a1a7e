"""Where everything random that a caller gets to see comes from."""

from __future__ import annotations

import base64
import random
import uuid
from collections.abc import Sequence

__all__ = ["Ids"]


class Ids:
    """Make ids; the same *source* of chance makes the same ones.

    Secrets that guard something (the key of download links, a private key) do not come
    from here.
    """

    def __init__(self, source: random.Random | None = None) -> None:
        self._source = random.SystemRandom() if source is None else source

    def uuid(self) -> str:
        """Make a random UUID (RFC 9562, version 4)."""
        return str(uuid.UUID(int=self._source.getrandbits(128), version=4))

    def base64(self, size: int) -> str:
        """Make *size* random bytes, in base64."""
        return base64.b64encode(self._source.randbytes(size)).decode()

    def hex(self, size: int) -> str:
        """Make *size* random bytes, in hexadecimal digits."""
        return self._source.randbytes(size).hex()

    def choice(self, values: Sequence[str]) -> str:
        """Choose one of *values*."""
        return self._source.choice(values)
