"""The context of JSON representations."""

from __future__ import annotations

from dataclasses import dataclass

from tokbox.emulator.model.rules import Rules
from tokbox.emulator.serializers.download_links import DownloadLinks
from tokbox.emulator.store.jobs import Jobs

__all__ = ["View"]


@dataclass(frozen=True, slots=True)
class View:
    """The data that a JSON representation depends on, in addition to the job."""

    jobs: Jobs
    links: DownloadLinks
    rules: Rules
    #: The current time, in milliseconds since the epoch.
    now_ms: int
    #: The base URL of links, without a trailing slash.
    base_url: str
