"""Send a call, with retries, within its time limit.

Whether a call is retried depends on its method and on the result of the attempt:

=============================  =====================  =======================
Result                         GET, PUT, DELETE       POST, PATCH
=============================  =====================  =======================
no byte was sent               retry                  retry
no response, or a broken one   retry                  never: it may have worked
429, 502, 503, 504             retry                  never
500                            GET only               never
TLS error, any other response  never                  never
=============================  =====================  =======================

The backoff starts at half a second and doubles, with full jitter. It is at least the time
in ``Retry-After``, which is capped at 60 seconds. A call is not retried if the wait would
exceed the time left. All calls of a client share a retry budget
(:mod:`tokbox.rest.http.retry_budget`), so that retries do not amplify an outage.

With ``correct_clock``, a call that was rejected because of the local clock is retried once
more with the service's time. This is safe with any method, because a request that fails
authentication has no effect.
"""

from __future__ import annotations

import copy
import functools
import json as _json
import logging
import platform
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypedDict
from urllib.parse import urlencode

from tokbox import errors
from tokbox.rest.http import backoff, responses, telemetry
from tokbox.rest.http.logging import log
from tokbox.rest.http.retry_budget import RetryBudget
from tokbox.rest.validation import identifier, integer, seconds
from tokbox.transport import Headers, Request, Response, Transport, hosts

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from tokbox.rest.http.auth import Auth
    from tokbox.transport.protocol import Sink

__all__ = ["MAX_BODY", "MAX_RETRIES", "RequestOptions", "Requester"]

#: Maximum size of a decompressed body in bytes; larger responses are errors.
MAX_BODY = 8 * 1024 * 1024

_IDEMPOTENT = frozenset({"GET", "PUT", "DELETE"})
_BUSY = frozenset({429, 502, 503, 504})
_FIRST_WAIT = 0.5
_MAX_WAIT = 8.0
_MAX_RETRY_AFTER = 60.0

MAX_RETRIES = 10


class RequestOptions(TypedDict, total=False):
    """Options of `Requester.request`."""

    params: Mapping[str, str | int] | None
    json: Any
    form: Mapping[str, str] | None
    headers: Mapping[str, str] | None
    timeout: float | None


class Requester:
    """Send calls to one service, with retries, within a time limit.

    *timeout* (for a whole call) and *read_timeout* (for a single read) are in seconds.
    *retries* is the maximum number of retries. *user_agent* is appended to the User-Agent
    of tokbox. *sleep*, *monotonic*, *now* and *jitter* exist for tests.
    """

    __slots__ = (
        "_auth",
        "_closed",
        "_correct_clock",
        "_has_succeeded",
        "_jitter",
        "_now",
        "_otel",
        "_read_timeout",
        "_retries",
        "_retry_budget",
        "_timeout",
        "_transport",
        "_user_agent",
        "api_url",
        "monotonic",
        "sleep",
    )

    def __init__(
        self,
        transport: Transport,
        auth: Auth,
        *,
        api_url: str,
        timeout: float,
        retries: int,
        read_timeout: float = 10.0,
        user_agent: str = "",
        correct_clock: bool = False,
        otel: bool | None = None,
        sleep: Callable[[float], object] = backoff.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.api_url: str = api_url
        self._transport = transport
        self._auth = auth
        self._timeout = timeout
        self._read_timeout = read_timeout
        self._retries = retries
        self.sleep: Callable[[float], object] = sleep
        self.monotonic: Callable[[], float] = monotonic
        self._now = now
        self._jitter = jitter
        self._user_agent = user_agent
        self._correct_clock = correct_clock
        self._otel = otel
        # Shared with the requesters that with_options() returns.
        self._closed = threading.Event()
        self._retry_budget = RetryBudget()
        self._has_succeeded = threading.Event()

    @property
    def owner_id(self) -> str:
        """Return the project or application: an API key or an application ID."""
        return self._auth.owner_id

    @property
    def origin(self) -> str:
        """Return scheme, host and port of the service."""
        return str(hosts.parse(self.api_url))

    @property
    def project(self) -> str:
        """Return the path that contains all resources of the project."""
        return f"/v2/project/{identifier('project_id', self._auth.owner_id)}"

    def with_options(
        self,
        *,
        timeout: float | None = None,
        read_timeout: float | None = None,
        retries: int | None = None,
    ) -> Requester:
        """Return a requester with other limits and the same transport."""
        other = copy.copy(self)
        if timeout is not None:
            other._timeout = seconds("timeout", timeout)
        if read_timeout is not None:
            other._read_timeout = seconds("read_timeout", read_timeout)
        if retries is not None:
            other._retries = integer("retries", retries, 0, MAX_RETRIES)
        return other

    def request_json(
        self, method: str, path: str, **options: Unpack[RequestOptions]
    ) -> tuple[Any, str | None]:
        """Make a call as `request` does; return the JSON of the response and its ID."""
        response, attempts = self.request(method, path, **options)
        try:
            source = responses.read_json(
                response, method=method, path=path, attempts=attempts
            )
        except errors.TransportError as error:
            error.origin = self.origin
            raise
        return source, responses.request_id(response.headers)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> tuple[Response, int]:
        """Make a call; return the response, of status 2xx, and the number of attempts.

        *json* or *form* is the body. *headers* are added to those of the client.
        *timeout* is in seconds for the whole call; None means that of the requester.
        Raises ``APIError`` for another status, ``TransportError`` if there is no usable
        response.
        """

        def call() -> tuple[Response, int]:
            try:
                return self._call(
                    method,
                    path,
                    params=params,
                    json=json,
                    form=form,
                    headers=headers,
                    timeout=timeout,
                )
            except errors.TransportError as error:
                error.origin = error.origin or self.origin
                raise

        if not telemetry.is_enabled(self._otel):
            return call()
        url = self.api_url + errors.redact(path)
        return telemetry.observe(call, method=method, url=url, clock=self.monotonic)

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None,
        json: Any,
        form: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        timeout: float | None,
    ) -> tuple[Response, int]:
        limit = self._timeout if timeout is None else seconds("timeout", timeout)
        url = self.api_url + path + (f"?{urlencode(params)}" if params else "")
        content_type, body = _encode(json, form)
        end = self.monotonic() + limit
        attempt = 0
        corrected = False
        while True:
            if self.is_closed:
                raise errors.ClosedError("this client is closed: create another one")
            attempt += 1
            left = max(end - self.monotonic(), 0.001)
            offset = self._auth.offset
            request = Request(
                method=method,
                url=url,
                path=errors.redact(path),
                headers=self._headers(content_type, headers),
                body=body,
                timeout=left,
                read_timeout=min(self._read_timeout, left),
                max_body=MAX_BODY,
            )
            outcome = self._attempt(request, attempt, offset)
            if isinstance(outcome, Response):
                self._retry_budget.succeed()
                self._has_succeeded.set()
                return outcome, attempt
            error, asked = outcome
            left = end - self.monotonic()
            if left <= 0 and not isinstance(error, errors.APIError | errors.TLSError):
                raise _timed_out(error, limit, attempt) from error.__cause__
            may_correct = self._correct_clock and not corrected and left > 0
            if may_correct and isinstance(error, errors.ClockSkewError):
                corrected = True
                self._learn(error.offset, request, attempt)
                continue
            if attempt - corrected > self._retries or not _may_retry(error, method):
                raise error
            wait = self._backoff(attempt, asked)
            if wait >= left:
                raise error
            if not self._retry_budget.take():
                self._log_retry(request, attempt, "no retry, too many calls fail")
                raise error
            self._log_retry(request, attempt, f"retry in {wait:.1f} s", wait=wait)
            self.sleep(wait)

    @property
    def timeout(self) -> float:
        """Return the limit for a whole call, in seconds."""
        return self._timeout

    def send_for_file(
        self, url: str, headers: Mapping[str, str], sink: Sink, *, path: str, timeout: float
    ) -> Response:
        """Send one GET to a storage host, once and without credentials.

        *path* names the file in errors and logs, because *url* may be secret.
        """
        if self.is_closed:
            raise errors.ClosedError("this client is closed: create another one")
        request = Request(
            method="GET",
            url=url,
            path=path,
            headers=Headers({"user-agent": self._product, **headers}),
            body=None,
            timeout=timeout,
            read_timeout=min(self._read_timeout, timeout),
            max_body=MAX_BODY,
            sink=sink,
        )
        started = self.monotonic()
        try:
            response = self._transport.send(request)
        except errors.TransportError as error:
            self._report(request, type(error).__name__, started, 1)
            # The path is not one of the storage host.
            error.args = (f"storage host {hosts.parse(url)}: {error.args[0]}",)
            raise
        self._report(request, response.status, started, 1)
        return response

    @property
    def is_closed(self) -> bool:
        """Return whether the client was closed."""
        return self._closed.is_set()

    def next_retry(self, retries: int, asked: float | None = None) -> float | None:
        """Return the seconds to wait before the next retry; None after the last one."""
        return None if retries >= self._retries else self._backoff(retries + 1, asked)

    def close(self) -> None:
        """Reject further calls and close the transport. Can be called more than once."""
        self._closed.set()
        self._transport.close()

    def _attempt(
        self, request: Request, attempt: int, offset: float
    ) -> Response | tuple[errors.APIError | errors.TransportError, float | None]:
        """Return the response, or the error and the seconds in ``Retry-After``."""
        method, path = request.method, request.path
        started = self.monotonic()
        try:
            response = self._transport.send(request)
        except errors.TransportError as error:
            self._report(request, type(error).__name__, started, attempt)
            error.attempts = max(error.attempts, attempt)
            return error, None
        self._report(request, response.status, started, attempt, response.headers)
        if len(response.body) > request.max_body:
            raise errors.ProtocolError(
                f"the body of the response is larger than {request.max_body} bytes",
                method=method,
                path=path,
                attempts=attempt,
                request_id=responses.request_id(response.headers),
            )
        if 200 <= response.status < 300:
            responses.refuse_page(response, method=method, path=path, attempts=attempt)
            return response
        now = self._now()
        refusal = responses.api_error(
            response,
            method=method,
            path=path,
            attempts=attempt,
            now=now,
            corrected=offset,
            api_url="" if self._has_succeeded.is_set() else self.api_url,
        )
        return refusal, responses.retry_after(response.headers, now)

    def _learn(self, offset: float, request: Request, attempt: int) -> None:
        # Concurrent threads compute the same offset.
        self._auth.offset = offset
        place = "ahead of" if offset > 0 else "behind"
        self._log_retry(
            request,
            attempt,
            f"retry with the time of the service; the local clock is {abs(offset):.0f} s "
            f"{place} it",
            wait=0.0,
        )

    def _log_retry(
        self, request: Request, attempt: int, what: str, **fields: float
    ) -> None:
        extra = {f"tokbox.{name}": value for name, value in fields.items()}
        log.info(
            "%s %s: %s",
            request.method,
            request.path,
            what,
            extra={**_request_fields(request, attempt), **extra},
        )

    def _report(
        self,
        request: Request,
        outcome: str | int,
        started: float,
        attempt: int,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        if not log.isEnabledFor(logging.DEBUG):
            return
        request_id = responses.request_id(headers or {})
        duration = self.monotonic() - started
        is_status = isinstance(outcome, int)
        log.debug(
            "%s %s: %s, %.0f ms, attempt %d%s",
            request.method,
            request.path,
            outcome,
            duration * 1000,
            attempt,
            f", request ID {request_id}" if request_id else "",
            extra={
                **_request_fields(request, attempt),
                "http.response.status_code" if is_status else "error.type": outcome,
                "tokbox.duration": duration,
                "tokbox.request_id": request_id,
            },
        )

    def _backoff(self, attempt: int, asked: float | None) -> float:
        wait = self._jitter(0.0, min(_MAX_WAIT, _FIRST_WAIT * 2 ** (attempt - 1)))
        return max(wait, min(asked or 0.0, _MAX_RETRY_AFTER))

    @property
    def _product(self) -> str:
        return f"{_product()} {self._user_agent}".rstrip()

    def _headers(
        self, content_type: str | None, extra: Mapping[str, str] | None
    ) -> Headers:
        headers = Headers(
            {
                "accept": "application/json",
                "accept-encoding": "gzip, deflate",
                "user-agent": self._product,
            }
        )
        if content_type is not None:
            headers["content-type"] = content_type
        headers.update(extra or {})
        name, value = self._auth.header()
        headers[name] = value
        return headers


def _request_fields(request: Request, attempt: int) -> dict[str, object]:
    """Return the fields of log records, by the names of OpenTelemetry."""
    return {
        "http.request.method": request.method,
        "url.path": request.path,
        "http.request.resend_count": attempt - 1,
    }


def _encode(json: Any, form: Mapping[str, str] | None) -> tuple[str | None, bytes | None]:
    if json is not None:
        return "application/json", _TO_JSON(json).encode()
    if form is not None:
        return "application/x-www-form-urlencoded", urlencode(form).encode("ascii")
    return None, None


_TO_JSON = _json.JSONEncoder(separators=(",", ":")).encode


def _may_retry(error: errors.APIError | errors.TransportError, method: str) -> bool:
    """Return whether the table at the top allows a retry."""
    if isinstance(error, errors.ConnectError):
        return True
    if method not in _IDEMPOTENT:
        return False
    if isinstance(error, errors.APIError):
        return error.status in _BUSY or (error.status == 500 and method == "GET")
    return not isinstance(error, errors.TLSError)


def _timed_out(
    error: errors.TransportError, limit: float, attempts: int
) -> errors.RequestTimeoutError:
    return errors.RequestTimeoutError(
        f"the timeout of {limit:g} s passed",
        method=error.method,
        path=error.path,
        attempts=attempts,
    )


@functools.cache
def _product() -> str:
    version = telemetry.package_version()
    return f"tokbox/{version} python/{platform.python_version()}"
