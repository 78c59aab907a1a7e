"""The storage target of archives: set and remove."""

from __future__ import annotations

from starlette.responses import Response

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.request import RequestContext
from tokbox.emulator.http.responses import empty_response, json_response
from tokbox.emulator.options.fields import Fields
from tokbox.emulator.simulation.archive_encryption import read_certificate
from tokbox.emulator.store.storage_targets import StorageTarget

__all__ = ["put", "remove"]

#: Required fields of each configuration; the last one is the bucket or container.
_REQUIRED = {
    "s3": ("accessKey", "secretKey", "bucket"),
    "azure": ("accountName", "accountKey", "container"),
}
#: Fields of configurations that no response contains.
_KEYS = frozenset({"accessKey", "secretKey", "accountKey"})
#: One guide of the newer host has ``vonage`` instead of ``opentok``.
_FALLBACKS = ("none", "opentok", "vonage")


def put(context: RequestContext) -> Response:
    """``PUT P/archive/storage``: upload archives to a bucket or container from now on."""
    fields = context.fields()
    kind = fields.pop("type")
    # One client sends S3.
    kind = kind.lower() if isinstance(kind, str) else ""
    if kind not in _REQUIRED:
        raise HTTPError(400, "type must be s3 or azure")
    fallback = fields.read_enum("fallback", _FALLBACKS)
    config = _read_config(kind, fields.read_object("config"))
    certificate = fields.pop("certificate")
    if certificate is not None:
        certificate = read_certificate(certificate)
    fields.finish()
    place = config[_REQUIRED[kind][-1]]
    context.emulator.storage_targets.put(
        context.project_id, StorageTarget(kind, place, fallback, certificate)
    )
    if context.emulator.rules.storage_reply == "empty":
        return empty_response()
    return json_response(
        {"type": kind, "config": config, "fallback": fallback, "certificate": certificate}
    )


def remove(context: RequestContext) -> Response:
    """``DELETE P/archive/storage``: keep archives in the service's cloud from now on."""
    context.emulator.storage_targets.remove(context.project_id)
    return Response(status_code=204)


def _read_config(kind: str, fields: Fields) -> dict[str, str]:
    """Validate a configuration, and return it without its keys.

    Error messages contain no values, because some are keys.
    """
    config = {name: fields.read_str(name, min_length=1) for name in _REQUIRED[kind]}
    if kind == "s3":
        config["endpoint"] = fields.read_str("endpoint")
        config["sse"] = fields.read_enum("sse", ("none", "s3"))
    else:
        config["domain"] = fields.read_str("domain")
    fields.finish()
    return {name: value for name, value in config.items() if value and name not in _KEYS}
