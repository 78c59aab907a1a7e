"""Make one call out of as many attempts as it needs and may have.

What may be tried again depends on the method and on how far the attempt got:

=============================  =====================  =======================
What happened                  GET, PUT, DELETE       POST, PATCH
=============================  =====================  =======================
no byte was sent               again                  again
no answer, or a broken one     again                  never: it may have worked
429, 502, 503, 504             again                  never
500                            GET only               never
TLS refused, any other answer  never                  never
=============================  =====================  =======================

Waits double from half a second with full jitter, and are never shorter than what
``Retry-After`` asks for (of which at most a minute is believed). A wait that does not
fit into the deadline is not begun.
"""

from __future__ import annotations

import json as _json
import logging
import platform
import random
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tokbox import errors
from tokbox.rest import answers
from tokbox.rest.arguments import identifier, seconds
from tokbox.rest.transport import Headers, Request, Response, Transport

if TYPE_CHECKING:
    from tokbox.rest.auth import Auth

__all__ = ["MAX_BODY", "Requester"]

#: Bytes of a decompressed body that are read before an answer is given up.
MAX_BODY = 8 * 1024 * 1024

_IDEMPOTENT = frozenset({"GET", "PUT", "DELETE"})
_BUSY = frozenset({429, 502, 503, 504})
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 8.0
_LONGEST_RETRY_AFTER = 60.0

_log = logging.getLogger("tokbox")


class Requester:
    """Send calls to one service, with retries, within a deadline.

    *deadline* is in seconds and covers a whole call; *retries* is how many attempts
    may follow the first. *sleep*, *monotonic*, *now* and *jitter* exist for tests.
    """

    __slots__ = (
        "_auth",
        "_deadline",
        "_jitter",
        "_monotonic",
        "_now",
        "_open",
        "_retries",
        "_sleep",
        "_transport",
        "_user_agent",
        "api_url",
    )

    def __init__(
        self,
        transport: Transport,
        auth: Auth,
        *,
        api_url: str,
        deadline: float,
        retries: int,
        sleep: Callable[[float], object] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.api_url = api_url
        self._transport = transport
        self._auth = auth
        self._deadline = deadline
        self._retries = retries
        self._sleep = sleep
        self._monotonic = monotonic
        self._now = now
        self._jitter = jitter
        self._user_agent = ""
        self._open = True

    @property
    def tenant(self) -> str:
        """Return whose resources these are: an API key or an application id."""
        return self._auth.tenant

    @property
    def project(self) -> str:
        """Return the path under which all resources of the tenant are."""
        return f"/v2/project/{identifier('project_id', self._auth.tenant)}"

    def request_json(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
        deadline: float | None = None,
    ) -> Any:
        """Make a call whose answer is promised to be JSON, and return that."""
        response, attempts = self._call(method, path, params, json, form, deadline)
        return answers.read_json(response, method=method, path=path, attempts=attempts)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
        deadline: float | None = None,
    ) -> None:
        """Make a call of which only the success matters."""
        self._call(method, path, params, json, form, deadline)

    def close(self) -> None:
        """Refuse further calls and close the transport. May be repeated."""
        self._open = False
        self._transport.close()

    def _call(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | int] | None,
        json: Mapping[str, Any] | None,
        form: Mapping[str, str] | None,
        deadline: float | None,
    ) -> tuple[Response, int]:
        limit = self._deadline if deadline is None else seconds("deadline", deadline)
        if not self._open:
            raise errors.TokboxError("this client is closed")
        url = self.api_url + path + (f"?{urlencode(params)}" if params else "")
        content_type, body = _encode(json, form)
        end = self._monotonic() + limit
        attempt = 0
        while True:
            attempt += 1
            left = end - self._monotonic()
            request = Request(
                method,
                url,
                path,
                self._headers(content_type),
                body,
                max(left, 0.001),
                MAX_BODY,
            )
            outcome = self._attempt(request, attempt)
            if isinstance(outcome, Response):
                return outcome, attempt
            error, asked = outcome
            left = end - self._monotonic()
            if left <= 0 and not isinstance(error, errors.APIError | errors.TLSError):
                raise _at_deadline(error, limit, attempt) from error.__cause__
            if attempt > self._retries or not _may_repeat(error, method):
                raise error
            wait = self._wait(attempt, asked)
            if wait >= left:
                raise error
            self._sleep(wait)

    def _attempt(
        self, request: Request, attempt: int
    ) -> Response | tuple[errors.APIError | errors.TransportError, float | None]:
        """Return the answer, or the error and what ``Retry-After`` asked for."""
        method, path = request.method, request.path
        started = self._monotonic()
        try:
            response = self._transport.send(request)
        except errors.TransportError as error:
            self._report(request, type(error).__name__, started)
            return _count(error, attempt), None
        self._report(request, response.status, started)
        if len(response.body) > request.max_body:
            problem = f"the body is larger than {request.max_body} bytes"
            raise errors.ProtocolError(problem, method=method, path=path, attempts=attempt)
        if 200 <= response.status < 300:
            return response
        now = self._now()
        refusal = answers.api_error(
            response, method=method, path=path, attempts=attempt, now=now
        )
        return refusal, answers.retry_after(response.headers, now)

    def _report(self, request: Request, outcome: object, started: float) -> None:
        spent = (self._monotonic() - started) * 1000
        _log.debug("%s %s: %s, %.0f ms", request.method, request.path, outcome, spent)

    def _wait(self, attempt: int, asked: float | None) -> float:
        wait = self._jitter(0.0, min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (attempt - 1)))
        return max(wait, min(asked or 0.0, _LONGEST_RETRY_AFTER))

    def _headers(self, content_type: str | None) -> Headers:
        if not self._user_agent:
            self._user_agent = f"tokbox/{_version()} python/{platform.python_version()}"
        headers = Headers(
            {
                "accept": "application/json",
                "accept-encoding": "gzip, deflate",
                "user-agent": self._user_agent,
            }
        )
        if content_type is not None:
            headers["content-type"] = content_type
        name, value = self._auth.header()
        headers[name] = value
        return headers


def _encode(
    json: Mapping[str, Any] | None, form: Mapping[str, str] | None
) -> tuple[str | None, bytes | None]:
    if json is not None:
        return "application/json", _json.dumps(json, separators=(",", ":")).encode()
    if form is not None:
        return "application/x-www-form-urlencoded", urlencode(form).encode("ascii")
    return None, None


def _may_repeat(error: errors.APIError | errors.TransportError, method: str) -> bool:
    """Tell whether the table at the top allows another attempt."""
    if isinstance(error, errors.ConnectFailed):
        return True
    if method not in _IDEMPOTENT:
        return False
    if isinstance(error, errors.APIError):
        return error.status in _BUSY or (error.status == 500 and method == "GET")
    return not isinstance(error, errors.TLSError)


def _at_deadline(
    error: errors.TransportError, limit: float, attempts: int
) -> errors.TimedOut:
    return errors.TimedOut(
        f"the deadline of {limit:g} s passed",
        method=error.method,
        path=error.path,
        attempts=attempts,
    )


def _count(error: errors.TransportError, attempts: int) -> errors.TransportError:
    """Write the number of attempts into an error that knew of one only."""
    if attempts > 1 and error.attempts == 1:
        error.attempts = attempts
        error.args = (f"{error.args[0]} (after {attempts} attempts)", *error.args[1:])
    return error


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("tokbox")
    except PackageNotFoundError:  # a source tree that is on the path, not installed
        return "0"
