"""The context of one request, and its endpoint."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn, TypeAlias
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.responses import wants_json
from tokbox.emulator.options.fields import Fields
from tokbox.emulator.serializers.view import View
from tokbox.emulator.simulation.emulator import Emulator
from tokbox.emulator.store.accounts import Account, Application, Project

__all__ = ["MAX_BODY", "Access", "Endpoint", "Handler", "RequestContext", "read_body"]

#: The maximum length of a body in bytes; bodies of the service's API are a few kB.
MAX_BODY = 1 << 20
#: How much of a longer body is still read, in bytes, so that the client can read the error:
#: closing a connection with unread data resets it.
_MAX_DRAIN = 64 << 20

#: The credentials that a request needs. ``project`` accepts projects and applications,
#: ``account`` accepts accounts. ``on_behalf`` needs no credentials: the path names the
#: project. ``anyone`` and ``control`` need no credentials; ``control`` requests are not
#: logged, and faults do not affect them.
Access: TypeAlias = Literal["project", "account", "on_behalf", "anyone", "control"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A handler, and how requests for it are processed."""

    handler: Handler
    access: Access
    #: True if successful requests create something.
    creates: bool = False
    #: ``json`` ignores the header ``Accept``; ``session`` is the XML format of session
    #: creation, which is older than the other one.
    errors: Literal["", "json", "session"] = ""

    @property
    def is_logged(self) -> bool:
        """Return whether requests are logged and faults can be injected."""
        return self.access != "control"


@dataclass(slots=True)
class RequestContext:
    """A request in progress; :class:`Dispatcher` sets the attributes step by step."""

    emulator: Emulator
    request: Request
    endpoint: Endpoint
    started: float = field(default_factory=time.perf_counter)
    body: bytes = b""
    #: The fault that is injected, in the form in which it was requested.
    fault: dict[str, Any] | None = None
    #: The time of the request by the emulated clock, in milliseconds since the epoch.
    now_ms: int = 0
    #: The owner of the credentials, once they are verified.
    caller: Project | Application | Account | None = None
    #: True once the request has created something.
    created: bool = False
    request_id: str = ""

    @property
    def project(self) -> Project | Application:
        """The project or application of the caller."""
        assert isinstance(self.caller, Project | Application), "the route is for others"
        return self.caller

    @property
    def project_id(self) -> str:
        """The API key or application ID of the caller."""
        return self.project.id

    @property
    def account(self) -> Account:
        """The account of the caller."""
        assert isinstance(self.caller, Account), "the route is for others"
        return self.caller

    @property
    def base_url(self) -> str:
        """The scheme and host of the request, used for links in responses."""
        request = self.request
        # Fast path: avoid parsing the whole URL.
        if host := request.headers.get("host"):
            return f"{request.scope['scheme']}://{host}"
        return f"{request.url.scheme}://{request.url.netloc}"

    @property
    def wants_json(self) -> bool:
        """Whether the response must be JSON where there is also an XML format.

        The client asks for JSON, or it is an application, for which the rule
        ``application_format`` decides.
        """
        headers = self.request.headers
        if wants_json(headers.get("accept", "")):
            return True
        is_bearer = headers.get("authorization", "")[:7].lower() == "bearer "
        if is_bearer or isinstance(self.caller, Application):
            return self.emulator.rules.application_format == "json"
        return False

    @property
    def view(self) -> View:
        """The context of JSON representations in the response."""
        return self.emulator.view(self.now_ms, self.base_url)

    def param(self, name: str) -> str:
        """Return a path parameter."""
        return str(self.request.path_params[name])

    def query(self) -> dict[str, str]:
        """Parse the query string as leniently as the service: ``?offset=5&&count=``."""
        try:
            text = self.request.scope["query_string"].decode("ascii")
            pairs = parse_qsl(text, errors="strict", max_num_fields=100)
        except ValueError:
            raise HTTPError(400, "Invalid query string") from None
        return dict(pairs)

    def json(self) -> Any:
        """Parse the body as JSON, regardless of its content type.

        Raises :class:`HTTPError` if it is not JSON, or contains text that cannot be stored.
        """
        try:
            content = json.loads(self.body.decode("utf-8"), parse_constant=_no_such_number)
            # JSON escapes can contain lone surrogates, which UTF-8 cannot represent.
            json.dumps(content, ensure_ascii=False).encode("utf-8")
        except (ValueError, RecursionError):
            raise HTTPError(400, "Invalid JSON in the request body") from None
        return content

    def json_object(self) -> dict[str, Any]:
        """Parse the body as a JSON object; an explicit null counts as absent."""
        content = self.json()
        if not isinstance(content, dict):
            raise HTTPError(400, "The request body must be a JSON object")
        return {name: value for name, value in content.items() if value is not None}

    def fields(self) -> Fields:
        """Parse the body as a JSON object and return a reader for its fields."""
        strict = self.emulator.rules.refuse_unknown_fields
        return Fields(self.json_object(), strict=strict)


Handler: TypeAlias = Callable[[RequestContext], Response]


def _no_such_number(literal: str) -> NoReturn:
    # Python accepts NaN and Infinity, which are not JSON.
    raise ValueError(literal)


async def read_body(request: Request) -> bytes:
    """Read the body with any framing; raise :class:`HTTPError` if it is too long."""
    parts: list[bytes] = []
    length = 0
    try:
        async for part in request.stream():
            length += len(part)
            if length > _MAX_DRAIN:
                break
            if length <= MAX_BODY:
                parts.append(part)
    except ClientDisconnect:
        # The client has disconnected, but the request is logged.
        raise HTTPError(400, "The request ended before its body did") from None
    if length > MAX_BODY:
        raise HTTPError(413, f"The request body is longer than {MAX_BODY} bytes")
    return b"".join(parts)
