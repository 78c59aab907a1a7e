"""Fields that archives, broadcasts and other jobs have in common."""

from __future__ import annotations

from typing import Any

from tokbox.emulator.model.records import Selection
from tokbox.emulator.model.rules import Rules
from tokbox.emulator.store.accounts import is_application

__all__ = ["project_fields", "show_name", "show_selections"]


def show_selections(selections: list[Selection]) -> list[dict[str, Any]]:
    """Return the selected streams as the service shows them."""
    return [
        {
            "streamId": selection.stream_id,
            "hasAudio": selection.has_audio,
            "hasVideo": selection.has_video,
        }
        for selection in selections
    ]


def show_name(name: str | None, rules: Rules) -> dict[str, str | None]:
    """Return the field ``name``; the rules determine its form for a job without a name."""
    if name is None and rules.unset_name == "absent":
        return {}
    return {"name": "" if name is None and rules.unset_name == "empty" else name}


def project_fields(project_id: str, *, as_string: bool = False) -> dict[str, Any]:
    """Return the fields with the owner of an archive or broadcast."""
    if is_application(project_id):
        return {"applicationId": project_id}
    return {
        "projectId": project_id if as_string else int(project_id),
        "partnerId": int(project_id),
    }
