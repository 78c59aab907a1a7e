"""Experience Composers (renders): start, get, list and stop."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from tokbox.emulator.api.jobs import find_running, read_session, read_url
from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.paging import read_page
from tokbox.emulator.http.request import RequestContext
from tokbox.emulator.http.responses import json_response
from tokbox.emulator.model.records import Job
from tokbox.emulator.options.composition import read_resolution
from tokbox.emulator.options.fields import Fields
from tokbox.emulator.serializers.jobs import describe_render
from tokbox.emulator.simulation import engine
from tokbox.emulator.store.accounts import is_application

__all__ = ["get", "list_page", "read_options", "start", "stop"]

_KIND = "render"
_MISSING = (
    "The Experience Composer (with the specified ID) was not found or it has already "
    "stopped."
)
_MIN_DURATION, _MAX_DURATION = 60, 36_000


def start(context: RequestContext) -> Response:
    """``POST P/render``: respond with 202 before anything is published.

    The token is verified immediately. A page below ``.invalid`` fails to load.
    """
    fields = context.fields()
    session, claims = read_session(
        context, fields, "start Experience Composers", publishes=True
    )
    options = read_options(fields)
    job = engine.start(
        context.emulator, _KIND, session, options, context.now_ms, claims=claims
    )
    return json_response(_describe(context, job), 202)


def get(context: RequestContext) -> Response:
    """``GET P/render/{renderId}``"""
    job = context.emulator.jobs.find(context.project_id, _KIND, context.param("render_id"))
    if job is None:
        raise HTTPError(404, _MISSING)
    return json_response(_describe(context, job))


def list_page(context: RequestContext) -> Response:
    """``GET P/render``: newest first, including those that have ended."""
    offset, count = read_page(context)
    total, page = context.emulator.jobs.page(
        context.project_id, _KIND, running=False, offset=offset, count=count
    )
    shown = len(page) if context.emulator.rules.render_count == "page" else total
    return json_response(
        {"count": shown, "items": [_describe(context, job) for job in page]}
    )


def stop(context: RequestContext) -> Response:
    """``DELETE P/render/{renderId}``"""
    job = find_running(context, _KIND, "render_id", _MISSING)
    engine.stop(context.emulator, job, context.now_ms)
    usual = 204 if is_application(context.project_id) else 200
    return Response(status_code=context.emulator.rules.render_stop or usual)


def read_options(fields: Fields) -> dict[str, Any]:
    """Validate the options of a start request and fill in defaults.

    An invalid value raises :class:`HTTPError` with status 400.
    """
    options: dict[str, Any] = {
        "url": read_url(fields, "url"),
        "maxDuration": _duration(fields),
        "resolution": read_resolution(fields, "1280x720"),
        # The stream shows a web page, not a camera or a shared screen.
        "videoType": "custom",
    }
    if "statusCallbackUrl" in fields:
        options["statusCallbackUrl"] = read_url(fields, "statusCallbackUrl")
    properties = fields.read_object("properties", {})
    if "name" in properties:
        options["name"] = properties.read_str("name", min_length=1, max_length=200)
    properties.finish()
    fields.finish()
    return options


def _duration(fields: Fields) -> int:
    try:
        return fields.read_int("maxDuration", _MIN_DURATION, _MAX_DURATION, default=7200)
    except HTTPError:
        raise HTTPError(400, "Invalid maxDuration provided.", code=50005) from None


def _describe(context: RequestContext, job: Job) -> dict[str, Any]:
    return describe_render(context.view, job)
