"""Download links of archives, valid for one file and for ten minutes."""

from __future__ import annotations

import hashlib
import hmac

from tokbox.emulator.model.records import Job
from tokbox.emulator.serializers import archive_files
from tokbox.emulator.store.database import Store

__all__ = ["DownloadLinks"]

_LIFETIME_MS = 10 * 60 * 1000


class DownloadLinks:
    """Create and verify the download links of one emulator."""

    def __init__(self, store: Store, key: bytes | None = None) -> None:
        """Sign with *key*, or with the random key of the store."""
        self._store = store
        self._key = key

    def make(self, archive: Job, base_url: str, now_ms: int) -> str:
        """Create a link to the file of an available archive; each call creates a new one.

        *base_url* is the URL of the emulator, without a trailing slash.
        """
        expires = str(now_ms + _LIFETIME_MS)
        path = f"/_emulator/archive/{archive.project_id}/{archive.job_id}"
        return (
            f"{base_url}{path}/{archive_files.file_name(archive)}"
            f"?expires={expires}&signature={self._sign(archive, expires)}"
        )

    def is_signed(self, archive: Job, expires: str, signature: str) -> bool:
        """Return whether the signature is valid; the expiration is not checked."""
        expected = self._sign(archive, expires)
        return hmac.compare_digest(expected.encode(), signature.encode())

    def _sign(self, archive: Job, expires: str) -> str:
        message = f"{archive.job_id}:{expires}".encode()
        key = self._store.link_key() if self._key is None else self._key
        return hmac.new(key, message, hashlib.sha256).hexdigest()
