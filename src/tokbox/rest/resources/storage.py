"""Storage targets of archives: an S3 (or S3-compatible) bucket or Azure container."""

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
    """An S3 bucket, and the keys with write access."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    bucket: str
    #: The URL of an S3-compatible service. The default is Amazon S3.
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
        """Return the JSON object for the request, with the keys."""
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
    """An Azure container, and the key with write access."""

    account_name: str
    account_key: str = field(repr=False)
    container: str
    #: The domain of an Azure cloud. The default is the public cloud.
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
        """Return the JSON object for the request, with the key."""
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
    """Return the request body that sets a storage target."""
    return {
        **nested("target", target, S3Storage, AzureStorage),
        **omit_none(fallback=optional(choice, "fallback", fallback, _FALLBACKS)),
        # Sent even if it is None, so that an earlier certificate is removed.
        "certificate": optional(_certificate, "certificate", certificate),
    }


def _certificate(field: str, value: object) -> str:
    rule = "be an X.509 certificate in PEM, or the base64 of one"
    # The value may be a private key by mistake, so errors must not show it.
    pem = exact_text(value)
    if not pem or not pem.strip() or "PRIVATE KEY" in pem:
        raise InvalidInputError(field, None, rule, show=False)
    return string(field, pem, show=False)
