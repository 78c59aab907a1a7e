"""Errors of the emulator."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["HTTPError"]


class HTTPError(Exception):
    """A refused request: an HTTP status, a message, and the service's error code if any."""

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
        self.headers = headers or {}
