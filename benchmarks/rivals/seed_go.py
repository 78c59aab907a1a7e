"""The seed, by the Go module proxy."""

from __future__ import annotations

from collections.abc import Callable

from . import golang

label = "aogz/tokbox (Go)"


def make(mode: str = "") -> Callable[[int], float]:
    return golang.make("go_seed", mode or "single")
