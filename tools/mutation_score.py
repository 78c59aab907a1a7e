"""Print the mutation score of each module, and fail below `FLOOR`: ``make mutants``.

    mutmut results --all true | python -m tools.mutation_score

The score is the percentage of mutants on which a test fails.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable

#: The least score of a module, in percent.
FLOOR = 80.0
#: The states of mutants that no test detects.
UNDETECTED = {"survived", "no tests", "not checked"}


def scores(results: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return by module how many mutants there are, and how many of them are detected.

    *results* are lines such as ``tokbox.errors.x_shorten__mutmut_1: killed``.
    """
    total, detected = Counter[str](), Counter[str]()
    for line in results:
        name, colon, state = line.strip().partition(": ")
        if colon:
            module = name.rpartition(".")[0]
            total[module] += 1
            detected[module] += state not in UNDETECTED
    return {module: (total[module], detected[module]) for module in sorted(total)}


def main() -> int:
    """Print the scores of the results on standard input."""
    found = scores(sys.stdin)
    for module, (total, detected) in found.items():
        print(f"{module}: {100 * detected / total:.1f} % of {total} mutants are detected")
    if found and all(100 * detected >= FLOOR * total for total, detected in found.values()):
        return 0
    print(f"each module needs a mutation score of {FLOOR:.0f} %", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
