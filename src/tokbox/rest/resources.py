"""What a tenant has, as the attributes of a client."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokbox.rest.archives import Archives
    from tokbox.rest.requester import Requester
    from tokbox.tokens.signer import Signer

__all__ = ["Resources"]


class Resources:
    """Name the resources of a tenant; each is loaded when it is first asked for."""

    __slots__ = ()

    _requester: Requester
    _signer: Signer

    @property
    def archives(self) -> Archives:
        """Record sessions."""
        from tokbox.rest.archives import Archives

        return Archives(self._requester)
