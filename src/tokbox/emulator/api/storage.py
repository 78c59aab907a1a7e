"""The storage target of archives: set and removed by calls, and watched by tests."""

from __future__ import annotations

from starlette.responses import Response

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.request import Call
from tokbox.emulator.http.responses import empty_response, json_response
from tokbox.emulator.options.fields import Fields
from tokbox.emulator.simulation.archive_encryption import read_certificate
from tokbox.emulator.store.storage_targets import StorageTarget

__all__ = ["put", "remove", "set_broken", "show"]

#: What a configuration must have, the name of its place last.
_REQUIRED = {
    "s3": ("accessKey", "secretKey", "bucket"),
    "azure": ("accountName", "accountKey", "container"),
}
#: One guide of the newer host says ``vonage`` for ``opentok``.
_FALLBACKS = ("none", "opentok", "vonage")


def put(call: Call) -> Response:
    """``PUT P/archive/storage``: let archives go to a bucket or container from now on."""
    fields = call.fields()
    kind = fields.take("type")
    # One client writes S3.
    kind = kind.lower() if isinstance(kind, str) else ""
    if kind not in _REQUIRED:
        raise HTTPError(400, "type must be s3 or azure")
    fallback = fields.one_of("fallback", _FALLBACKS)
    place = _read_config(kind, fields.inner("config"))
    certificate = fields.take("certificate")
    if certificate is not None:
        certificate = read_certificate(certificate)
    fields.finish()
    call.emulator.storage_targets.put(
        call.project_id, StorageTarget(kind, place, fallback, certificate)
    )
    return empty_response()


def remove(call: Call) -> Response:
    """``DELETE P/archive/storage``: let archives stay in the cloud from now on."""
    call.emulator.storage_targets.remove(call.project_id)
    return Response(status_code=204)


def show(call: Call) -> Response:
    """``GET /_emulator/storage/{projectId}``: say where archives go, without secrets."""
    project = _project_id(call)
    target = call.emulator.storage_targets.get(project)
    return json_response(
        {
            "target": None if target is None else target.describe(),
            "broken": call.emulator.storage_targets.is_broken(project),
        }
    )


def set_broken(call: Call) -> Response:
    """``POST /_emulator/storage/{projectId}``: fail deliveries: ``{"broken": true}``."""
    broken = call.json_object().get("broken")
    if not isinstance(broken, bool):
        raise HTTPError(400, "broken must be true or false")
    call.emulator.storage_targets.set_broken(_project_id(call), broken)
    return Response(status_code=204)


def _read_config(kind: str, fields: Fields) -> str:
    """Check a configuration, and return the name of its bucket or container.

    No refusal shows a value: there are keys among them.
    """
    values = [fields.text(name, minimum=1) for name in _REQUIRED[kind]]
    if kind == "s3":
        fields.text("endpoint")
        fields.one_of("sse", ("none", "s3"))
    else:
        fields.text("domain")
    fields.finish()
    return values[-1]


def _project_id(call: Call) -> str:
    project = call.emulator.accounts.find(call.param("project_id"))
    if project is None:
        raise HTTPError(404, "There is no such project or application")
    return project.id
