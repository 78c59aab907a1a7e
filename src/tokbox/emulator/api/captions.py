"""Live captions: start, stop and get."""

from __future__ import annotations

import re
from typing import Any

from starlette.responses import Response

from tokbox.emulator.api.jobs import find_running, read_session, read_url
from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.request import RequestContext
from tokbox.emulator.http.responses import json_response
from tokbox.emulator.options.fields import Fields
from tokbox.emulator.serializers.jobs import describe_captions
from tokbox.emulator.simulation import engine

__all__ = ["get", "read_options", "start", "stop"]

_KIND = "captions"
#: A language and a region, such as ``en-US``. The service extends its list of languages, so
#: any pair is accepted.
_LANGUAGE = re.compile(r"[a-z]{2,3}-[A-Z]{2}")


def start(context: RequestContext) -> Response:
    """``POST P/captions``: one at a time in a session, with a moderator's token."""
    fields = context.fields()
    session, claims = read_session(context, fields, "start captions")
    if claims.role != "moderator":
        raise HTTPError(403, "The role of the token must be moderator")
    options = read_options(fields)
    if context.emulator.jobs.running(session.session_id, _KIND):
        raise HTTPError(409, "Audio captioning is already enabled", code=60003)
    job = engine.start(context.emulator, _KIND, session, options, context.now_ms)
    status = context.emulator.rules.captions_start
    return json_response({"captionsId": job.job_id}, status)


def stop(context: RequestContext) -> Response:
    """``POST P/captions/{captionsId}/stop``"""
    missing = "The captions were not found or have already stopped"
    job = find_running(context, _KIND, "captions_id", missing)
    engine.stop(context.emulator, job, context.now_ms)
    return Response(status_code=202)


def get(context: RequestContext) -> Response:
    """``GET P/captions/{captionsId}``"""
    job = context.emulator.jobs.find(
        context.project_id, _KIND, context.param("captions_id")
    )
    if job is None:
        raise HTTPError(404, "The captions were not found")
    return json_response(describe_captions(job, context.now_ms))


def read_options(fields: Fields) -> dict[str, Any]:
    """Validate the options of a start request and fill in defaults.

    An invalid value raises :class:`HTTPError` with status 400.
    """
    options = {
        "languageCode": fields.pop("languageCode", "en-US"),
        "maxDuration": fields.read_int("maxDuration", 300, 14_400, default=14_400),
        "partialCaptions": fields.read_bool("partialCaptions", default=True),
    }
    language = options["languageCode"]
    if not (isinstance(language, str) and _LANGUAGE.fullmatch(language)):
        raise HTTPError(400, "languageCode must be a language and a region, such as en-US")
    if "statusCallbackUrl" in fields:
        options["statusCallbackUrl"] = read_url(fields, "statusCallbackUrl")
    fields.finish()
    return options
