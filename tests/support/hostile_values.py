"""Values for arguments of public functions: valid, almost valid and arbitrary ones."""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.support.batches import KEY, OTHER_SESSION, SESSION
from tokbox.tokens.derive import Derived

#: Text that has caused bugs: control characters, path traversal, surrogates, other planes.
NASTY = [
    "",
    " ",
    "\0",
    "a\r\nX-Evil: 1",
    "../../x",
    "..",
    "a/b",
    "a?b#c",
    "%2e%2e",
    "a%252f..%252fb",
    "..\\x",
    "\ud800",
    "\U0001f600",
    "\u202e",
    "é" * 300,
    "x" * 70_000,
    "-1",
    "1e9",
    "NaN",
    "true",
]

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**31, 2**63, 2**64, -(2**63), 10**400])
    | st.floats()
    | st.text(max_size=20)
    | st.text(st.characters(categories=["Cs", "Cc", "Lu"]), max_size=6)
    | st.sampled_from(NASTY)
    | st.binary(max_size=20)
    | st.timedeltas()
    | st.datetimes()
    | st.builds(object),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.frozensets(st.text(max_size=3), max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3)
        | st.iterables(inner, max_size=3)
    ),
    max_leaves=6,
)

_UUID = "3f2b8c10-5a6d-4e7f-8a9b-0c1d2e3f4a5b"
_URL = "https://example.com/hook"

#: By the name of an argument: what it may well be.
RIGHT: dict[str, list[Any]] = {
    "session_id": [SESSION, OTHER_SESSION],
    "id": [_UUID],
    "stream_id": [_UUID],
    "connection_id": [_UUID],
    "role": ["publisher", "moderator"],
    "kind": ["t1", "jwt", None],
    "expiration": [1, 86_400, dt.timedelta(days=1)],
    "connection_data": ["user=7"],
    "initial_layout_class_list": [["focus"], "focus full"],
    "issued_at": [1_700_000_000],
    "row_key": [["a", "b"], [1, 2]],
    "run_id": ["run"],
    "nonce": [None, Derived(run_id="r", row_key=["a", "b"], issued_at=1_700_000_000)],
    "errors": ["raise", "null"],
    "url": [_URL],
    "uri": ["sip:user@example.com"],
    "websocket": ["wss://example.com/in"],
    "rtmp": [[]],
    "digits": ["1p2#"],
    "data": ["hello"],
    "type": ["chat"],
    "classes": [{_UUID: ["full"]}],
    "group": ["connection"],
    "event": ["created"],
    "method": ["GET", "POST"],
    "path": [f"/v2/project/{KEY}/archive"],
    "page_size": [10],
    "count": [10],
    "offset": [0],
    "n": [0, 3],
    "chunk": [2],
    "now": [1_700_000_000],
    "timeout": [1.0],
    "read_timeout": [1.0],
    "retries": [0],
    "multithread": [False, True],
}


def arguments(call: Callable[..., Any], data: Any) -> tuple[list[Any], dict[str, Any]]:
    """Random arguments for *call*: the required ones, and some of the optional ones."""
    first: list[Any] = []
    named: dict[str, Any] = {}
    for parameter in inspect.signature(call).parameters.values():
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        if parameter.default is not parameter.empty and not data.draw(st.booleans()):
            continue
        value = data.draw(_argument(parameter.name))
        if parameter.name in ("n", "chunk") and type(value) is int:
            value = min(value, 10**4)  # more would only take time and memory
        if parameter.kind is parameter.POSITIONAL_ONLY:
            first.append(value)
        else:
            named[parameter.name] = value
    return first, named


def _argument(name: str) -> st.SearchStrategy[Any]:
    """A random value for the argument *name*; half of them are valid."""
    return st.sampled_from(RIGHT[name]) | ANYTHING if name in RIGHT else ANYTHING
