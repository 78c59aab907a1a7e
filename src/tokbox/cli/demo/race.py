"""How fast tokens are signed, beside the official Python SDK, on the same work.

Both sign T1 tokens for the same session with the same role, data and expiry, and both
end with a list of strings. They are measured in turns, so that a machine that slows
down slows both, and the medians of all rounds are compared.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from statistics import median
from typing import TYPE_CHECKING

from tokbox.enums import HOURS_24, Role

if TYPE_CHECKING:
    from tokbox.rest.sessions import Session

__all__ = ["OFFICIAL", "ROUNDS", "Lane", "race"]

#: The package of the official SDK.
OFFICIAL = "opentok"
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Lane:
    """One way to sign tokens, and how fast it was."""

    name: str
    #: Tokens in each round, and the median over the rounds.
    n: int
    tokens_per_second: float


def race(
    session: Session, api_key: str, secret: str, most: int, threads: int
) -> tuple[list[Lane], bool]:
    """Measure each way with up to *most* tokens a round; the official one comes last.

    Returns the lanes, and whether the official SDK is installed and among them.
    """
    many = max(1, min(most, 200_000))
    few = max(1, min(most, 20_000))
    runners: list[tuple[str, int, Callable[[int], object]]] = []
    if threads > 1:
        runners.append(
            (
                f"session.tokens(n, multithread=True), {threads} CPUs",
                many,
                lambda n: session.tokens(n, True, Role.PUBLISHER, "", HOURS_24),
            )
        )
    runners.append(
        (
            "session.tokens(n)",
            many,
            lambda n: session.tokens(n, False, Role.PUBLISHER, "", HOURS_24),
        )
    )
    runners.append(
        (
            "session.token(), one call each",
            few,
            lambda n: [session.token(Role.PUBLISHER, "", HOURS_24) for _ in range(n)],
        )
    )
    official = _official(session.session_id, api_key, secret)
    if official is not None:
        runners.append(("opentok: generate_token(), one call each", few, official))
    seconds: list[list[float]] = [[] for _ in runners]
    for _, _, run in runners:
        run(1)  # what is loaded or cached at first use is not measured
    for _ in range(ROUNDS):
        for times, (_, n, run) in zip(seconds, runners, strict=True):
            start = time.perf_counter()
            made = run(n)
            times.append(time.perf_counter() - start)
            del made  # to free it is not part of the next lane
    lanes = [
        Lane(name, n, n / median(times))
        for times, (name, n, _) in zip(seconds, runners, strict=True)
    ]
    return lanes, official is not None


def _official(session_id: str, api_key: str, secret: str) -> Callable[[int], object] | None:
    """Return what signs with the official SDK, or None if it is not installed."""
    try:
        package = import_module(OFFICIAL)
    except ImportError:
        return None
    sign = package.OpenTok(api_key, secret).generate_token

    def run(n: int) -> object:
        # Without an expiry it writes one of 24 hours, as the others are asked to.
        return [sign(session_id, use_jwt=False) for _ in range(n)]

    return run
