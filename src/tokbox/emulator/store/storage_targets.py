"""Where the archives of a project_id go instead of the service's own cloud.

Nothing is really delivered, so the keys that would open the target are not kept.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from tokbox.emulator.store.database import Store

__all__ = ["StorageTarget", "StorageTargets"]


@dataclass(frozen=True, slots=True)
class StorageTarget:
    """A bucket of S3, or a container of Azure's."""

    #: ``s3`` or ``azure``.
    kind: str
    #: The name of the bucket or container.
    place: str
    #: What becomes of an archive that cannot be delivered: lost (``none``), or kept in
    #: the cloud (``opentok``, or ``vonage``).
    fallback: str
    #: The certificate (X.509 in PEM) of whoever archives are encrypted for.
    certificate: str | None = None

    def describe(self) -> dict[str, Any]:
        """Return it as ``GET /_emulator/storage`` shows it."""
        return {
            "type": self.kind,
            "place": self.place,
            "fallback": self.fallback,
            "encrypted": self.certificate is not None,
        }


class StorageTargets:
    """The targets of one emulator. To be used inside a transaction of its store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, project_id: str, target: StorageTarget) -> None:
        """Let the archives of a project_id go to *target* from now on."""
        self._store.db.execute(
            "INSERT OR REPLACE INTO storage_targets VALUES (?, ?)",
            (project_id, json.dumps(asdict(target))),
        )

    def get(self, project_id: str) -> StorageTarget | None:
        """Return the target of a project_id, if it has one."""
        row = self._store.db.execute(
            "SELECT target FROM storage_targets WHERE project_id = ?", (project_id,)
        ).fetchone()
        return None if row is None else StorageTarget(**json.loads(row[0]))

    def remove(self, project_id: str) -> None:
        """Let the archives of a project_id stay in the cloud from now on."""
        self._store.db.execute(
            "DELETE FROM storage_targets WHERE project_id = ?", (project_id,)
        )

    def set_broken(self, project_id: str, broken: bool) -> None:
        """Let deliveries to the target of a project_id fail, or work again."""
        self._store.set_setting(_broken(project_id), str(int(broken)))

    def is_broken(self, project_id: str) -> bool:
        """Tell whether deliveries fail."""
        return self._store.find_setting(_broken(project_id)) == "1"

    def outcome(self, project_id: str) -> str:
        """Return the status of an archive of a project_id whose file has been made."""
        target = self.get(project_id)
        if target is None:
            return "available"
        if not self.is_broken(project_id):
            return "uploaded"
        return "failed" if target.fallback == "none" else "available"


def _broken(project_id: str) -> str:
    return f"broken_target:{project_id}"
