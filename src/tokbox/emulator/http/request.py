"""One request, read safely: what a route handler gets to see."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.options.fields import Fields
from tokbox.emulator.simulation.emulator import Emulator
from tokbox.emulator.store.accounts import Account, Application, Project

__all__ = ["MAX_BODY", "Call", "read_body"]

#: The longest body that is looked at; the service's own bodies are some kilobytes.
MAX_BODY = 1 << 20
#: How much of a longer one is still read, so that the client gets to read the refusal:
#: closing a connection that holds unread data resets it.
_MAX_DRAIN = 64 << 20


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated request whose body has arrived."""

    emulator: Emulator
    #: Whose credentials came with it. The routes below ``/_emulator/`` need none.
    caller: Project | Application | Account | None
    request: Request
    body: bytes
    now_ms: int

    @property
    def project(self) -> Project | Application:
        """The project or application that calls."""
        caller = self.caller
        assert isinstance(caller, Project | Application), "the route is for others"
        return caller

    @property
    def project_id(self) -> str:
        """The API key or application id of the caller."""
        return self.project.id

    @property
    def account(self) -> Account:
        """The account that calls."""
        assert isinstance(self.caller, Account), "the route is for others"
        return self.caller

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
        """Parse the body as JSON, whatever content type it claims to have.

        Refuses with 400 what is not JSON, or not text that can be stored.
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
        """Parse the body as a JSON object whose members are taken one by one."""
        strict = self.emulator.rules.refuse_unknown_fields
        return Fields(self.json_object(), strict=strict)


def _no_such_number(literal: str) -> NoReturn:
    # Python reads NaN and Infinity, JSON has neither.
    raise ValueError(literal)


async def read_body(request: Request) -> bytes:
    """Read the body, however it is framed; refuse with 413 if it is too long."""
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
        # Nobody will read this, but it is an answer like any other.
        raise HTTPError(400, "The request ended before its body did") from None
    if length > MAX_BODY:
        raise HTTPError(413, f"The request body is longer than {MAX_BODY} bytes")
    return b"".join(parts)
