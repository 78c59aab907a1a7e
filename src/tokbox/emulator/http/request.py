"""One request: what handlers read, and what the request log keeps of it."""

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
from tokbox.emulator.options.fields import Fields
from tokbox.emulator.serializers.view import View
from tokbox.emulator.simulation.emulator import Emulator
from tokbox.emulator.store.accounts import Account, Application, Project

__all__ = ["MAX_BODY", "Access", "Endpoint", "Handler", "RequestContext", "read_body"]

#: The maximum length of a body in bytes; bodies of the service's API are a few kB.
MAX_BODY = 1 << 20
#: How much of a longer one is still read, so that the client gets to read the error:
#: closing a connection that has unread data resets it.
_MAX_DRAIN = 64 << 20

#: The credentials that a request needs: those of a ``project`` or application, or of an
#: ``account``. With ``on_behalf`` the path names the project, and ``anyone`` needs nothing.
#: ``control`` requests need nothing either, and are neither logged nor made to fail.
Access: TypeAlias = Literal["project", "account", "on_behalf", "anyone", "control"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A handler, and how requests for it are processed."""

    handler: Handler
    access: Access
    #: Whether it creates something if it succeeds.
    creates: bool = False
    #: ``json`` regardless of the header ``Accept``, ``session`` for the XML of session
    #: creation, which is older than the rest.
    errors: Literal["", "json", "session"] = ""

    @property
    def is_logged(self) -> bool:
        """Whether requests are logged, and faults can be injected into them."""
        return self.access != "control"


@dataclass(slots=True)
class RequestContext:
    """A request in progress; :class:`Dispatcher` fills in one attribute after the other."""

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
    #: Whether the request has created something.
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
        """The scheme and host of the request, to which links in responses lead."""
        request = self.request
        # Without parsing the whole URL where there is a Host.
        if host := request.headers.get("host"):
            return f"{request.scope['scheme']}://{host}"
        return f"{request.url.scheme}://{request.url.netloc}"

    @property
    def view(self) -> View:
        """The context of the descriptions in the response."""
        return self.emulator.view(self.now_ms, self.base_url)

    def param(self, name: str) -> str:
        """Return a variable part of the path."""
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
        """Parse the body as JSON, whatever its content type.

        Raises :class:`HTTPError` if it is not JSON, or has text that cannot be stored.
        """
        try:
            content = json.loads(self.body.decode("utf-8"), parse_constant=_no_such_number)
            # A lone surrogate can be written as an escape but is not text.
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
        """Parse the body as a JSON object whose members are read one by one."""
        strict = self.emulator.rules.refuse_unknown_fields
        return Fields(self.json_object(), strict=strict)


Handler: TypeAlias = Callable[[RequestContext], Response]


def _no_such_number(literal: str) -> NoReturn:
    # Python reads NaN and Infinity, JSON has neither.
    raise ValueError(literal)


async def read_body(request: Request) -> bytes:
    """Read the body, however it is framed; raise :class:`HTTPError` if it is too long."""
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
        # The client is gone, but the request is logged like any other.
        raise HTTPError(400, "The request ended before its body did") from None
    if length > MAX_BODY:
        raise HTTPError(413, f"The request body is longer than {MAX_BODY} bytes")
    return b"".join(parts)
