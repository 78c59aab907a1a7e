"""Storage targets for archives, instead of the service's own cloud.

Nothing is really uploaded, so the access keys of a target are not stored.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from tokbox.emulator.store.database import Store

__all__ = ["StorageTarget", "StorageTargets"]


@dataclass(frozen=True, slots=True)
class StorageTarget:
    """An Amazon S3 bucket or an Azure container."""

    #: ``s3`` or ``azure``.
    kind: str
    #: The name of the bucket or container.
    place: str
    #: The result of a failed upload: the archive is lost (``none``), or kept in the cloud
    #: (``opentok`` or ``vonage``).
    fallback: str
    #: The certificate (X.509 in PEM) that archives are encrypted for.
    certificate: str | None = None

    def describe(self) -> dict[str, Any]:
        """Return the target as ``GET /_emulator/storage`` shows it."""
        return {
            "type": self.kind,
            "place": self.place,
            "fallback": self.fallback,
            "encrypted": self.certificate is not None,
        }


class StorageTargets:
    """The targets of one emulator. Use it inside a transaction of its store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, project_id: str, target: StorageTarget) -> None:
        """Set the storage target of a project."""
        self._store.db.execute(
            "INSERT OR REPLACE INTO storage_targets VALUES (?, ?)",
            (project_id, json.dumps(asdict(target))),
        )

    def get(self, project_id: str) -> StorageTarget | None:
        """Return the storage target of a project, or ``None``."""
        row = self._store.db.execute(
            "SELECT target FROM storage_targets WHERE project_id = ?", (project_id,)
        ).fetchone()
        return None if row is None else StorageTarget(**json.loads(row[0]))

    def remove(self, project_id: str) -> None:
        """Remove the storage target of a project."""
        self._store.db.execute(
            "DELETE FROM storage_targets WHERE project_id = ?", (project_id,)
        )

    def set_broken(self, project_id: str, broken: bool) -> None:
        """Make uploads of a project fail, or succeed again."""
        self._store.set_setting(_broken(project_id), str(int(broken)))

    def is_broken(self, project_id: str) -> bool:
        """Return whether uploads of a project fail."""
        return self._store.find_setting(_broken(project_id)) == "1"

    def outcome(self, project_id: str) -> str:
        """Return the status of a project's archive after its file has been made."""
        target = self.get(project_id)
        if target is None:
            return "available"
        if not self.is_broken(project_id):
            return "uploaded"
        return "failed" if target.fallback == "none" else "available"


def _broken(project_id: str) -> str:
    return f"broken_target:{project_id}"
