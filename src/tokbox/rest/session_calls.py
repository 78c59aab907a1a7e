"""What can be done with one session, in the words of the resource that does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from tokbox.rest.archive_types import Archive
    from tokbox.rest.call_options import ArchiveOptions
    from tokbox.rest.resources import Resources

__all__ = ["SessionCalls"]


class SessionCalls:
    """Call resources with the id of a session; options and errors are theirs."""

    __slots__ = ()

    session_id: str
    _resources: Resources

    def start_archive(self, **options: Unpack[ArchiveOptions]) -> Archive:
        """Start to record this session; see ``tb.archives.start``."""
        return self._resources.archives.start(self.session_id, **options)
