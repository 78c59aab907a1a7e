"""Requests for which there is no method: ``tb.request``."""

from __future__ import annotations

import contextlib
import json as _json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from tokbox.errors import InvalidInputError, ProtocolError
from tokbox.exact import exact_int, exact_text
from tokbox.lazy import set_module
from tokbox.literals import RequestMethod
from tokbox.pickling import PickledByName
from tokbox.rest.http import responses
from tokbox.rest.validation import choice, is_path, json_value, string
from tokbox.secrecy import strip_traceback

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from tokbox.rest.http.requester import Requester, RequestOptions

__all__ = ["APIResponse", "request"]

_METHODS = get_args(RequestMethod)
_HEADER_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")
#: Headers that the client sets: they authenticate and frame the request.
_CLIENT_HEADERS = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "host",
        "proxy-authorization",
        "transfer-encoding",
        "x-opentok-auth",
    }
)


@set_module("tokbox.types")
@strip_traceback
@dataclass(frozen=True, slots=True, kw_only=True)
class APIResponse(PickledByName):
    """The response to ``tb.request``."""

    #: HTTP status, 200 to 299.
    status: int
    #: Names are in lower case.
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    _call: tuple[str, str] = field(repr=False, compare=False)
    #: The ID of the request, for Vonage support. None if the response has none.
    request_id: str | None = field(default=None, repr=False, compare=False)

    def json(self) -> Any:
        """Parse the body as JSON. Raises ``ProtocolError`` if it is not valid JSON."""
        try:
            return _json.loads(self.body)
        except (ValueError, RecursionError):
            pass
        # Raise outside of the handler, because the JSON error contains the body.
        method, path = self._call
        problem = f"the response with status {self.status} is not JSON"
        raise ProtocolError(problem, method=method, path=path, request_id=self.request_id)


def request(
    requester: Requester, method: str, path: str, **options: Unpack[RequestOptions]
) -> APIResponse:
    """Validate the arguments of ``Client.request``, and make the call."""
    verb = choice("method", method, _METHODS)
    path = _path(path, requester.project)
    json, form = options.get("json"), options.get("form")
    if json is not None and form is not None:
        raise InvalidInputError("form", form, "not be given together with json", show=False)
    response, _ = requester.request(
        verb,
        path,
        params=_pairs("params", options.get("params"), numbers=True),
        json=json_value("json", json),
        form=_pairs("form", form),
        headers=_headers(options.get("headers")),
        timeout=options.get("timeout"),
    )
    return APIResponse(
        status=response.status,
        headers=response.headers,
        body=response.body,
        _call=(verb, path),
        request_id=responses.request_id(response.headers),
    )


def _path(path: object, project: str) -> str:
    path = string("path", path, min_length=1).replace("{project}", project)
    if not is_path(path):
        rule = (
            "start with one slash and be percent-encoded, without query, fragment or dot "
            "segments ({project} stands for the project's own path)"
        )
        raise InvalidInputError("path", path, rule)
    return path


def _pairs(name: str, given: Any, *, numbers: bool = False) -> dict[str, Any] | None:
    """Validate the pairs of a form or query; errors do not show values."""
    if given is None:
        return None
    found: dict[str | None, str | int | None] = {}
    if isinstance(given, Mapping):
        for key, value in given.items():
            content: str | int | None = exact_text(value)
            if content is None and numbers:
                content = exact_int(value)
            found[exact_text(key)] = content
        if None not in found and None not in found.values():
            with contextlib.suppress(ValueError):  # lone surrogates; numbers without end
                "".join(f"{key}{value}" for key, value in found.items()).encode()
                return found  # type: ignore[return-value]
    words = "str or int" if numbers else "str"
    rule = f"be a mapping of str to {words}, encodable in UTF-8"
    raise InvalidInputError(name, None, rule, show=False)


def _headers(headers: Mapping[str, str] | None) -> dict[str, str]:
    checked = {}
    if headers is not None and not isinstance(headers, Mapping):
        raise InvalidInputError("headers", None, "be a mapping of str to str", show=False)
    for given_name, given_value in (headers or {}).items():
        name, value = exact_text(given_name), exact_text(given_value)
        if name is None or not _HEADER_NAME.fullmatch(name):
            raise InvalidInputError(
                "headers", given_name, "have names that are valid in HTTP"
            )
        if name.lower() in _CLIENT_HEADERS:
            raise InvalidInputError(
                "headers", name, "not have this name, because the client sets this header"
            )
        if value is None or not _HEADER_VALUE.fullmatch(value):
            rule = f"have visible ASCII text as the value of {name}"
            raise InvalidInputError("headers", None, rule, show=False)
        checked[name.lower()] = value
    return checked
