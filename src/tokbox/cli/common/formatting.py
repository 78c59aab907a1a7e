"""Times, sizes and numbers as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["ago", "moment", "rate", "size", "span"]

_STEPS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def span(seconds: float) -> str:
    """Say how long something takes, in two units at most: ``2 d 3 h``, ``0.42 s``."""
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 1:
        return f"{seconds * 1e3:.0f} ms"
    if seconds < 10 and seconds != int(seconds):
        return f"{seconds:.2f} s"
    rest = int(seconds)
    first = next(i for i, (unit, _) in enumerate(_STEPS) if rest >= unit)
    parts = []
    for unit, name in _STEPS[first : first + 2]:
        count, rest = divmod(rest, unit)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts)


def moment(seconds: float) -> str:
    """Say when something is, in UTC: ``2026-01-31 12:00:00Z``."""
    try:
        when = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return f"{seconds:.0f} s after 1970, which no calendar has"
    return when.strftime("%Y-%m-%d %H:%M:%SZ")


def ago(seconds: float, now: float) -> str:
    """Say when something is from *now*: ``in 2 h``, ``3 min ago``, ``now``."""
    distance = round(seconds - now)
    if distance == 0:
        return "now"
    return f"in {span(distance)}" if distance > 0 else f"{span(-distance)} ago"


def size(count: int | None) -> str:
    """Say how large a file is: ``1.2 MB``; nothing if it is not known."""
    if count is None:
        return ""
    number, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while number >= 1000 and len(units) > 1:
        number /= 1000
        del units[0]
    return f"{count} B" if units[0] == "B" else f"{number:.1f} {units[0]}"


def rate(count: int, seconds: float) -> str:
    """Say how many a second: ``1,234,567/s``."""
    return f"{count / seconds:,.0f}/s" if seconds > 0 else "-"
