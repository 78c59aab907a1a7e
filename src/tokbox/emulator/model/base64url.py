"""Base64 in the alphabet of URLs, without padding (RFC 7515, appendix C)."""

from __future__ import annotations

import base64

__all__ = ["decode", "encode"]


def encode(content: bytes) -> str:
    """Encode *content*."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decode(text: bytes) -> bytes:
    """Decode *text*. Raises :class:`ValueError` unless :func:`encode` returns *text*."""
    content = base64.b64decode(text + b"=" * (-len(text) % 4), b"-_", validate=True)
    if encode(content).encode() != text:
        raise ValueError("not canonical base64url")
    return content
