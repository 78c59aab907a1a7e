"""OpenTelemetry: spans and metrics of calls, with the real SDK."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("opentelemetry.sdk")

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from tests.rest.resources.test_archives import ID, ROOT, STARTED
from tests.rest.test_sessions import answers
from tests.support.rest import KEY, SECRET, Script
from tokbox import AsyncTokbox, Tokbox, errors
from tokbox.rest.http import telemetry
from tokbox.transport import Response

Make = Callable[..., Tokbox]

EXPORTER = InMemorySpanExporter()
READER = InMemoryMetricReader()
URL = "https://api.opentok.com"
BASE = {
    "http.request.method": "GET",
    "server.address": "api.opentok.com",
    "server.port": 443,
}


@pytest.fixture(scope="module", autouse=True)
def sdk() -> None:
    """Set the providers of the process."""
    # The API accepts a provider only once, and another test may have set one.
    trace._TRACER_PROVIDER_SET_ONCE._done = False
    trace._TRACER_PROVIDER = None
    telemetry._instruments.cache_clear()
    tracers = TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(SimpleSpanProcessor(EXPORTER))
    trace.set_tracer_provider(tracers)
    metrics.set_meter_provider(MeterProvider([READER], shutdown_on_exit=False))


@pytest.fixture(autouse=True)
def empty(sdk: None) -> Iterator[None]:
    EXPORTER.clear()
    READER.get_metrics_data()
    yield
    EXPORTER.clear()


def make(*outcomes: object, **options: Any) -> Tokbox:
    script = Script(*outcomes or [answers(STARTED)])  # type: ignore[arg-type]
    tb = Tokbox(KEY, SECRET, transport=script, **options)
    tb._requester.sleep = lambda seconds: None
    return tb


def span() -> ReadableSpan:
    (only,) = EXPORTER.get_finished_spans()
    return only


def attributes() -> dict[str, Any]:
    return dict(span().attributes or {})


def points(name: str) -> list[Any]:
    """Return the data points of a metric that have the attributes of this module."""
    data = READER.get_metrics_data()
    if data is None:
        return []
    return [
        point
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == name
        for point in metric.data.data_points
    ]


def count(name: str, **wanted: object) -> int:
    """Return how often a metric was recorded with these attributes."""
    found = [each for each in points(name) if dict(each.attributes) == {**BASE, **wanted}]
    return sum(getattr(each, "count", None) or each.value for each in found)


def test_a_call_is_one_span_with_the_names_of_the_convention() -> None:
    with make() as tb:
        tb.archives.get(ID)
    assert (span().name, span().kind) == ("GET", SpanKind.CLIENT)
    assert span().status.status_code is StatusCode.UNSET
    assert attributes() == {
        **BASE,
        "url.full": f"{URL}{ROOT}/{ID}",
        "http.response.status_code": 200,
    }
    scope = span().instrumentation_scope
    assert scope is not None
    assert scope.name == "tokbox"
    assert scope.version


def test_the_url_has_no_query_and_no_token() -> None:
    with make(Response(200, {}, b"{}")) as tb:
        tb.request("GET", "/x/T1==cGFydG5lcl9pZD0x", params={"secret": "canary"})
    assert attributes()["url.full"] == f"{URL}/x/[removed]"
    assert "canary" not in str(attributes())


def test_retries_are_counted_in_one_span() -> None:
    before = count("tokbox.client.retries", **{"http.response.status_code": 200})
    with make(Response(503, {}, b""), Response(503, {}, b""), answers(STARTED)) as tb:
        tb.archives.get(ID)
    assert attributes()["http.request.resend_count"] == 2
    assert attributes()["http.response.status_code"] == 200
    after = count("tokbox.client.retries", **{"http.response.status_code": 200})
    assert after == before + 2


@pytest.mark.parametrize("status", [404, 503])
def test_an_error_response_is_an_error_of_the_span(status: int) -> None:
    with make(Response(status, {}, b"")) as tb, pytest.raises(errors.APIError) as caught:
        tb.archives.get(ID)
    assert span().status.status_code is StatusCode.ERROR
    assert span().status.description == str(caught.value)
    shown = attributes()
    assert shown["http.response.status_code"] == status
    assert shown["error.type"] == str(status)
    assert shown.get("http.request.resend_count") == (2 if status == 503 else None)


def test_a_transport_error_is_named_by_its_class() -> None:
    failure = errors.ConnectError("refused", method="GET", path="/x")
    with make(failure, retries=1) as tb, pytest.raises(errors.ConnectError):
        tb.archives.get(ID)
    shown = attributes()
    assert shown["error.type"] == "tokbox.errors.ConnectError"
    assert shown["http.request.resend_count"] == 1
    assert "http.response.status_code" not in shown
    assert span().events == ()


def test_other_errors_have_no_message_in_the_span() -> None:
    tb = make()
    tb.close()
    with pytest.raises(errors.ClosedError):
        tb.archives.get(ID)
    assert attributes()["error.type"] == "tokbox.errors.ClosedError"
    assert span().status.description is None


def test_the_duration_is_a_histogram_in_seconds() -> None:
    name = "http.client.request.duration"
    wanted = {"http.response.status_code": 200}
    before = count(name, **wanted)
    with make() as tb:
        tb.archives.get(ID)
    (point,) = [
        each for each in points(name) if dict(each.attributes) == {**BASE, **wanted}
    ]
    assert point.count == before + 1
    assert point.explicit_bounds[:2] == (0.005, 0.01)
    data = READER.get_metrics_data()
    assert data is not None
    units = {
        metric.name: metric.unit
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert units[name] == "s"


def test_spans_of_asyncio_belong_to_the_span_of_the_caller() -> None:
    async def main() -> int:
        transport = Script(answers(STARTED))
        async with AsyncTokbox(KEY, SECRET, transport=transport) as tb:
            tracer = trace.get_tracer("test")
            with tracer.start_as_current_span("outer") as outer:
                await asyncio.gather(tb.archives.get(ID), tb.archives.get(ID))
                return outer.get_span_context().span_id

    outer = asyncio.run(main())
    inner = [each for each in EXPORTER.get_finished_spans() if each.name == "GET"]
    assert [each.parent and each.parent.span_id for each in inner] == [outer, outer]


def test_spans_can_be_switched_off() -> None:
    with make(otel=False) as tb:
        tb.archives.get(ID)
    assert EXPORTER.get_finished_spans() == ()


def test_spans_can_be_switched_on() -> None:
    with make(otel=True) as tb:
        tb.archives.get(ID)
    assert span().name == "GET"
    with pytest.raises(errors.InvalidInputError, match="otel must be True or False"):
        make(otel="yes")


def test_by_default_a_program_without_opentelemetry_creates_no_spans(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert telemetry.is_enabled(None)
    monkeypatch.delitem(sys.modules, "opentelemetry.trace")
    assert not telemetry.is_enabled(None)
    with make() as tb:
        tb.archives.get(ID)
    assert EXPORTER.get_finished_spans() == ()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", None)
    monkeypatch.setitem(sys.modules, "opentelemetry.metrics", None)
    with pytest.raises(errors.MissingDependencyError, match=r"tokbox\[otel\]"):
        make(otel=True)


def test_nothing_is_imported_without_it() -> None:
    code = """
import sys
from tests.rest.resources.test_archives import ID, STARTED
from tests.rest.test_sessions import answers
from tests.support.rest import KEY, SECRET, Script
from tokbox import Tokbox
with Tokbox(KEY, SECRET, transport=Script(answers(STARTED))) as tb:
    tb.archives.get(ID)
print([name for name in sys.modules if name.startswith("opentelemetry")])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
