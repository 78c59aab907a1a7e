"""Where the archives of a tenant go instead of the service's own cloud.

Nothing is really delivered, so the keys that would open the target are not kept.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from tokbox.emulator.store.database import Store

__all__ = ["Target", "Targets"]


@dataclass(frozen=True, slots=True)
class Target:
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


class Targets:
    """The targets of one emulator. To be used inside a transaction of its store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, tenant: str, target: Target) -> None:
        """Let the archives of a tenant go to *target* from now on."""
        self._store.db.execute(
            "INSERT OR REPLACE INTO storage VALUES (?, ?)",
            (tenant, json.dumps(asdict(target))),
        )

    def get(self, tenant: str) -> Target | None:
        """Return the target of a tenant, if it has one."""
        row = self._store.db.execute(
            "SELECT target FROM storage WHERE tenant = ?", (tenant,)
        ).fetchone()
        return None if row is None else Target(**json.loads(row[0]))

    def remove(self, tenant: str) -> None:
        """Let the archives of a tenant stay in the cloud from now on."""
        self._store.db.execute("DELETE FROM storage WHERE tenant = ?", (tenant,))

    def break_off(self, tenant: str, broken: bool) -> None:
        """Let deliveries to the target of a tenant fail, or work again."""
        self._store.set_setting(_broken(tenant), str(int(broken)))

    def is_broken(self, tenant: str) -> bool:
        """Tell whether deliveries fail."""
        return self._store.known_setting(_broken(tenant)) == "1"

    def outcome(self, tenant: str) -> str:
        """Return the status of an archive of a tenant whose file has been made."""
        target = self.get(tenant)
        if target is None:
            return "available"
        if not self.is_broken(tenant):
            return "uploaded"
        return "failed" if target.fallback == "none" else "available"


def _broken(tenant: str) -> str:
    return f"broken_target:{tenant}"
