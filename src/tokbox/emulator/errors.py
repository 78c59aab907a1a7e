"""Errors of requests, and of the simulation, which is independent of HTTP."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "HTTPError",
    "InvalidOptionError",
    "NotFoundError",
    "SimulationError",
    "TokenRejectedError",
]


class HTTPError(Exception):
    """A request error: HTTP status, message, and the service's error code, if any."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers: Mapping[str, str] = headers or {}


class SimulationError(Exception):
    """An operation that the simulation rejects; ``http/responses.py`` has the statuses."""


class InvalidOptionError(SimulationError):
    """An option has an invalid value."""


class NotFoundError(SimulationError):
    """A client or stream does not exist."""


class TokenRejectedError(SimulationError):
    """A token does not allow its holder to join or to publish."""
