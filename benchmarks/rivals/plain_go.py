"""The seed's token by Go's standard library, written by us (see go_plain/main.go)."""

from __future__ import annotations

from collections.abc import Callable

from . import golang

label = "plain Go"


def make(mode: str = "") -> Callable[[int], float]:
    return golang.make("go_plain", mode or "single")
