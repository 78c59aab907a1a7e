"""What others offer for the same work, each behind a small adapter.

An adapter is a module with a ``label`` and a function ``make(mode)``, which returns a
function that makes n tokens and returns the seconds it took, or raises Unavailable with a
sentence that says why it cannot run here. Those that make calls (``..._rest``) have
``make(place, stack)``, which returns a function that makes one call.
"""

from __future__ import annotations

from dataclasses import dataclass


class Unavailable(Exception):
    """This rival cannot run on this machine; the message says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where calls go: an emulator, and an archive of one of its tenants."""

    url: str
    tenant: str
    secret: str
    archive_id: str
