"""Sizes of tests with random input: small by default, large by ``make test-long``."""

from __future__ import annotations

import os

__all__ = ["size"]


def size(short: int, long: int) -> int:
    """Return *short*, or *long* times the number in the environment variable ``TOKBOX_LONG``."""
    factor = int(os.environ.get("TOKBOX_LONG", "0"))
    return long * factor or short
