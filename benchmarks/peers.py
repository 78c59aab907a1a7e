"""Who is measured beside us, and how many of the n tokens each makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import ModuleType

from .measure import Workload
from .rivals import (
    Unavailable,
    livekit,
    opentok_node,
    opentok_python,
    plain_go,
    pyjwt,
    seed_go,
    vonage_python,
)

__all__ = ["PEERS", "Peer", "peers"]


@dataclass(frozen=True, slots=True)
class Peer:
    """One way of one rival to make tokens.

    It makes one of every *share* tokens that we make, so that a round of it stays below
    a second; a figure is for one token anyway.
    """

    module: ModuleType
    mode: str
    share: int
    kind: str
    note: str = ""

    @property
    def name(self) -> str:
        return f"{self.module.label} {self.kind}"

    def count(self, n: int) -> int:
        """How many tokens it makes when we make *n*."""
        return max(1, n // self.share)

    def make(self) -> Callable[[int], float]:
        """Prepare it. Unavailable says why it cannot run here."""
        run: Callable[[int], float] = self.module.make(self.mode)
        return run


PEERS = [
    Peer(seed_go, "single", 10, "Tokens(n, false)"),
    Peer(seed_go, "multithread", 10, "Tokens(n, true)"),
    Peer(
        plain_go,
        "single",
        10,
        "1 goroutine",
        "a stand-in of our own: the seed's token by Go's standard library, not the seed",
    ),
    Peer(plain_go, "multithread", 10, "1 goroutine a CPU", "the same stand-in"),
    Peer(opentok_python, "t1", 100, "T1"),
    Peer(opentok_python, "jwt", 200, "JWT HS256"),
    Peer(opentok_node, "t1", 100, "T1"),
    Peer(opentok_node, "jwt", 2_000, "JWT HS256"),
    Peer(pyjwt, "hs256", 100, "HS256", "the library alone: no claim is checked"),
    Peer(
        livekit,
        "hs256",
        400,
        "HS256",
        "for scale: another service's token, of the same life, name and room",
    ),
    Peer(
        vonage_python,
        "rs256",
        100_000,
        "JWT RS256",
        "an RSA signature (2048 bits), which costs far more than an HMAC; "
        "the key is parsed and checked again for every token",
    ),
]


def peers(n: int) -> tuple[list[Workload], dict[str, str]]:
    """All who can run here, and a sentence for each who cannot."""
    found, missing = [], {}
    for peer in PEERS:
        try:
            run = peer.make()
        except Unavailable as reason:
            missing[peer.name] = str(reason)
            continue
        count = peer.count(n)
        found.append(
            Workload(
                peer.name,
                count,
                partial(run, count),
                "rival",
                peer.note,
            )
        )
    return found, missing
