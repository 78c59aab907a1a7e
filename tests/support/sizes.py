"""Sizes of tests with random input: small by default, large by ``make test-long``."""

from __future__ import annotations

import os

__all__ = ["size"]


def size(short: int, long: int) -> int:
    """Return *long* if the environment variable ``TOKBOX_LONG`` is set, else *short*."""
    return long if os.environ.get("TOKBOX_LONG") else short
