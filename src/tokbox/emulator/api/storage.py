"""The storage target of archives: set and remove."""

from __future__ import annotations

from starlette.responses import Response

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.request import RequestContext
from tokbox.emulator.http.responses import empty_response
from tokbox.emulator.options.fields import Fields
from tokbox.emulator.simulation.archive_encryption import read_certificate
from tokbox.emulator.store.storage_targets import StorageTarget

__all__ = ["put", "remove"]

#: Required fields of each configuration; the last one is the bucket or container.
_REQUIRED = {
    "s3": ("accessKey", "secretKey", "bucket"),
    "azure": ("accountName", "accountKey", "container"),
}
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
    place = _read_config(kind, fields.read_object("config"))
    certificate = fields.pop("certificate")
    if certificate is not None:
        certificate = read_certificate(certificate)
    fields.finish()
    context.emulator.storage_targets.put(
        context.project_id, StorageTarget(kind, place, fallback, certificate)
    )
    return empty_response()


def remove(context: RequestContext) -> Response:
    """``DELETE P/archive/storage``: keep archives in the service's cloud from now on."""
    context.emulator.storage_targets.remove(context.project_id)
    return Response(status_code=204)


def _read_config(kind: str, fields: Fields) -> str:
    """Validate a configuration, and return the name of its bucket or container.

    Error messages contain no values, because some are keys.
    """
    values = [fields.read_str(name, min_length=1) for name in _REQUIRED[kind]]
    if kind == "s3":
        fields.read_str("endpoint")
        fields.read_enum("sse", ("none", "s3"))
    else:
        fields.read_str("domain")
    fields.finish()
    return values[-1]
