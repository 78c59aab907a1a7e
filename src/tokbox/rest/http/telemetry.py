"""OpenTelemetry: a span and metrics for each call.

The names are those of the stable semantic conventions for HTTP clients. A call with its
retries is one span, so the number of retries is ``http.request.resend_count``. The URL has
no query, and anything that looks like a token is removed from it.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from tokbox.errors import APIError, MissingDependencyError, TransportError
from tokbox.transport import Response, hosts

if TYPE_CHECKING:
    from opentelemetry.metrics import Counter, Histogram

__all__ = ["is_enabled", "observe", "package_version", "require"]

_Value = str | int
_Answer = TypeVar("_Answer", bound=tuple[Response, int])

#: The bounds of the convention for durations, in seconds.
_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_URL = "https://opentelemetry.io/schemas/1.27.0"


def is_enabled(otel: bool | None) -> bool:
    """Return whether calls are observed: None means if the program uses OpenTelemetry."""
    return "opentelemetry.trace" in sys.modules if otel is None else otel


def require() -> None:
    """Raise ``MissingDependencyError`` if OpenTelemetry is not installed."""
    try:
        import opentelemetry.metrics
        import opentelemetry.trace  # noqa: F401
    except ModuleNotFoundError:
        raise MissingDependencyError("opentelemetry-api", "otel") from None


@functools.cache
def _instruments() -> tuple[Histogram, Counter]:
    """Return the histogram of durations and the counter of retries."""
    from opentelemetry.metrics import get_meter

    meter = get_meter("tokbox", package_version(), schema_url=_URL)
    return (
        meter.create_histogram(
            "http.client.request.duration",
            unit="s",
            description="Duration of calls, with their retries.",
            explicit_bucket_boundaries_advisory=_BOUNDS,
        ),
        meter.create_counter(
            "tokbox.client.retries", unit="{retry}", description="Number of retries."
        ),
    )


@functools.cache
def package_version() -> str:
    """Return the version of tokbox."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("tokbox")
    except PackageNotFoundError:  # a source tree that is on the path, not installed
        return "0"


def observe(
    call: Callable[[], _Answer], *, method: str, url: str, clock: Callable[[], float]
) -> _Answer:
    """Make a call inside of a span, and record its duration and retries.

    *url* has no query and no secrets. *clock* returns seconds.
    """
    from opentelemetry.trace import SpanKind, Status, StatusCode, get_tracer

    origin = hosts.parse(url)
    assert origin is not None, "the base URL was checked"
    attributes: dict[str, _Value] = {
        "http.request.method": method,
        "server.address": origin.host,
        "server.port": origin.port,
    }
    tracer = get_tracer("tokbox", package_version(), schema_url=_URL)
    with tracer.start_as_current_span(
        method,
        kind=SpanKind.CLIENT,
        attributes={**attributes, "url.full": url},
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        started = clock()
        attempts = 1
        result: Mapping[str, _Value] = {}
        try:
            answer = call()
            response, attempts = answer
            result = {"http.response.status_code": response.status}
            return answer
        except BaseException as error:
            attempts = getattr(error, "attempts", 1)
            result = _describe(error)
            # The messages of these errors have no secrets.
            shown = str(error) if isinstance(error, APIError | TransportError) else None
            span.set_status(Status(StatusCode.ERROR, shown))
            raise
        finally:
            duration, retries = _instruments()
            duration.record(clock() - started, {**attributes, **result})
            span.set_attributes({**result})
            if attempts > 1:
                span.set_attribute("http.request.resend_count", attempts - 1)
                retries.add(attempts - 1, {**attributes, **result})


def _describe(error: BaseException) -> dict[str, _Value]:
    if isinstance(error, APIError):
        return {
            "http.response.status_code": error.status,
            "error.type": str(error.status),
        }
    kind = type(error)
    return {"error.type": f"{kind.__module__}.{kind.__qualname__}"}
