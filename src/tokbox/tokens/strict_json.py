"""A strict JSON parser for untrusted input."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from tokbox.readonly import ReadOnlyDict

__all__ = ["DuplicateName", "read_object"]


class _Refused(ValueError):
    pass


class DuplicateName(_Refused):
    """A name appears twice in one object."""


def read_object(raw: bytes | str) -> dict[str, Any]:
    """Parse a JSON object, in UTF-8 if *raw* is bytes. Returned objects are read-only.

    Duplicate names, which parsers handle differently (RFC 8259, section 4), and NaN and
    Infinity are refused. Raises DuplicateName or another ValueError; the message contains
    no part of *raw*, except for the name of such a number.
    """
    try:
        text = raw if isinstance(raw, str) else raw.decode()
        text = text.strip(" \t\n\r")
        value, end = _DECODER.raw_decode(text)
    except _Refused:
        raise
    except UnicodeDecodeError:
        problem = "it is not UTF-8"
    except json.JSONDecodeError:
        problem = "it is not JSON"
    except ValueError:
        # Python reads no longer one (sys.set_int_max_str_digits).
        problem = "it holds an integer of thousands of digits"
    except RecursionError:
        problem = "it is nested too deeply"
    else:
        if isinstance(value, dict) and end == len(text):
            return value
        problem = "it is not JSON" if end < len(text) else "it is not a JSON object"
    # Out here, so that what was read is not in a chained exception.
    raise ValueError(problem)


def _no_constant(name: str) -> NoReturn:
    raise _Refused(f"it holds {name}, which is not JSON")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = ReadOnlyDict(pairs)
    if len(found) != len(pairs):
        raise DuplicateName("it holds an object that says the same name twice")
    return found


#: To make one takes as long as to read a token's claims.
_DECODER = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_no_duplicates)
