"""The storage target of archives: set and removed by calls, and watched by tests."""

from __future__ import annotations

from starlette.responses import Response

from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.request import Call
from tokbox.emulator.http.responses import empty_reply, json_reply
from tokbox.emulator.options.fields import Fields
from tokbox.emulator.simulation.archive_encryption import read_certificate
from tokbox.emulator.store.storage_targets import Target

__all__ = ["break_off", "put", "remove", "show"]

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
    call.emulator.targets.put(call.tenant_id, Target(kind, place, fallback, certificate))
    return empty_reply()


def remove(call: Call) -> Response:
    """``DELETE P/archive/storage``: let archives stay in the cloud from now on."""
    call.emulator.targets.remove(call.tenant_id)
    return Response(status_code=204)


def show(call: Call) -> Response:
    """``GET /_emulator/storage/{tenant}``: say where archives go, without secrets."""
    tenant = _tenant(call)
    target = call.emulator.targets.get(tenant)
    return json_reply(
        {
            "target": None if target is None else target.describe(),
            "broken": call.emulator.targets.is_broken(tenant),
        }
    )


def break_off(call: Call) -> Response:
    """``POST /_emulator/storage/{tenant}``: ``{"broken": true}`` lets deliveries fail."""
    broken = call.json_object().get("broken")
    if not isinstance(broken, bool):
        raise HTTPError(400, "broken must be true or false")
    call.emulator.targets.break_off(_tenant(call), broken)
    return Response(status_code=204)


def _read_config(kind: str, fields: Fields) -> str:
    """Check a configuration, and return the name of its bucket or container.

    No refusal shows a value: there are keys among them.
    """
    values = [fields.text(name, least=1) for name in _REQUIRED[kind]]
    if kind == "s3":
        fields.text("endpoint")
        fields.one_of("sse", ("none", "s3"))
    else:
        fields.text("domain")
    fields.finish()
    return values[-1]


def _tenant(call: Call) -> str:
    tenant = call.emulator.tenants.tenant(call.param("tenant"))
    if tenant is None:
        raise HTTPError(404, "There is no such project or application")
    return tenant.tenant_id
