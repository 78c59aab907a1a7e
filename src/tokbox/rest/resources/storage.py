"""Where archives go: a bucket of S3 (or what speaks its language), or one of Azure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, get_args

from tokbox.errors import InvalidInputError
from tokbox.exact import exact_text
from tokbox.lazy import set_module
from tokbox.literals import StorageEncryption, StorageFallback
from tokbox.pickling import PickledByName
from tokbox.rest.validation import (
    choice,
    nested,
    omit_none,
    optional,
    secret,
    set_fields,
    string,
)
from tokbox.secrecy import strip_traceback

__all__ = ["AzureStorage", "S3Storage", "storage_target"]

_FALLBACKS = get_args(StorageFallback)
_ENCRYPTIONS = get_args(StorageEncryption)


@set_module("tokbox")
@strip_traceback
@dataclass(frozen=True, slots=True, kw_only=True)
class S3Storage(PickledByName):
    """Name a bucket of S3, and the keys that may write to it."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    bucket: str
    #: Of a service that speaks like S3; without it, Amazon's own.
    endpoint: str | None = None
    #: Server-side encryption: ``s3`` or ``none``.
    sse: StorageEncryption | None = None

    def __post_init__(self) -> None:
        set_fields(
            self,
            access_key=secret("access_key", self.access_key),
            secret_key=secret("secret_key", self.secret_key),
            bucket=string("bucket", self.bucket, min_length=1),
            endpoint=optional(string, "endpoint", self.endpoint, min_length=1),
            sse=optional(choice, "sse", self.sse, _ENCRYPTIONS),
        )

    def _to_json(self) -> dict[str, Any]:
        """Return the object that goes over the wire, with the keys."""
        config = omit_none(
            accessKey=self.access_key,
            secretKey=self.secret_key,
            bucket=self.bucket,
            endpoint=self.endpoint,
            sse=self.sse,
        )
        return {"type": "s3", "config": config}


@set_module("tokbox")
@strip_traceback
@dataclass(frozen=True, slots=True, kw_only=True)
class AzureStorage(PickledByName):
    """Name a container of Azure's, and the key that may write to it."""

    account_name: str
    account_key: str = field(repr=False)
    container: str
    #: Of another cloud than Azure's public one.
    domain: str | None = None

    def __post_init__(self) -> None:
        set_fields(
            self,
            account_name=string("account_name", self.account_name, min_length=1),
            account_key=secret("account_key", self.account_key),
            container=string("container", self.container, min_length=1),
            domain=optional(string, "domain", self.domain, min_length=1),
        )

    def _to_json(self) -> dict[str, Any]:
        """Return the object that goes over the wire, with the key."""
        config = omit_none(
            accountName=self.account_name,
            accountKey=self.account_key,
            container=self.container,
            domain=self.domain,
        )
        return {"type": "azure", "config": config}


def storage_target(
    target: S3Storage | AzureStorage,
    fallback: StorageFallback | None,
    certificate: str | None,
) -> dict[str, Any]:
    """Return the body that sets a target."""
    return {
        **nested("target", target, S3Storage, AzureStorage),
        **omit_none(fallback=optional(choice, "fallback", fallback, _FALLBACKS)),
        # Said even if there is none: a certificate of before must not live on.
        "certificate": optional(_certificate, "certificate", certificate),
    }


def _certificate(field: str, value: object) -> str:
    rule = "be an X.509 certificate in PEM, or the base64 of one"
    # Whoever mixes up the files must not see the key in a log.
    pem = exact_text(value)
    if not pem or not pem.strip() or "PRIVATE KEY" in pem:
        raise InvalidInputError(field, None, rule, show=False)
    return string(field, pem, show=False)
