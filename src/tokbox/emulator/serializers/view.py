"""The context of descriptions."""

from __future__ import annotations

from dataclasses import dataclass

from tokbox.emulator.model.rules import Rules
from tokbox.emulator.serializers.download_links import DownloadLinks
from tokbox.emulator.store.jobs import Jobs

__all__ = ["View"]


@dataclass(frozen=True, slots=True)
class View:
    """The context of a description: everything that it uses beside the job."""

    jobs: Jobs
    links: DownloadLinks
    rules: Rules
    #: The time of the description, in milliseconds since the epoch.
    now_ms: int
    #: The address that links lead to, without a slash at the end.
    base_url: str
