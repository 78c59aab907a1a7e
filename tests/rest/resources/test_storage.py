"""Storage targets: where archives go, and keys that never show."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.rest import KEY, Make, sent
from tokbox import AzureStorage, S3Storage, errors
from tokbox.transport import Response

ROOT = f"/v2/project/{KEY}/archive/storage"
BUCKET = S3Storage(access_key="AK", secret_key="canary-secret", bucket="my-archives")
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (
            BUCKET,
            {
                "type": "s3",
                "config": {
                    "accessKey": "AK",
                    "secretKey": "canary-secret",
                    "bucket": "my-archives",
                },
            },
        ),
        (
            S3Storage(
                access_key="a",
                secret_key="b",
                bucket="c",
                endpoint="https://s3.example.net",
                sse="s3",
            ),
            {
                "type": "s3",
                "config": {
                    "accessKey": "a",
                    "secretKey": "b",
                    "bucket": "c",
                    "endpoint": "https://s3.example.net",
                    "sse": "s3",
                },
            },
        ),
        (
            AzureStorage(
                account_name="acct",
                account_key="key",
                container="archives",
                domain="blob.example.net",
            ),
            {
                "type": "azure",
                "config": {
                    "accountName": "acct",
                    "accountKey": "key",
                    "container": "archives",
                    "domain": "blob.example.net",
                },
            },
        ),
    ],
)
def test_a_target_is_put_and_a_certificate_of_before_is_taken_away(
    target: S3Storage | AzureStorage, expected: dict[str, Any], make: Make
) -> None:
    tb, script = make()
    tb.archives.set_storage(target)
    assert sent(script) == ("PUT", ROOT, {**expected, "certificate": None})


@pytest.mark.trap(104)
@pytest.mark.parametrize("body", [b'{"type":"s3","config":{}}', b""])
def test_the_response_to_a_target_may_be_the_target_or_empty(
    body: bytes, make: Make
) -> None:
    tb, script = make(Response(200, {"content-type": "application/json"}, body))
    tb.archives.set_storage(BUCKET)
    assert sent(script)[:2] == ("PUT", ROOT)


@pytest.mark.parametrize("fallback", ["none", "opentok", "vonage"])
def test_a_fallback_and_a_certificate_are_sent(fallback: str, make: Make) -> None:
    tb, script = make()
    tb.archives.set_storage(BUCKET, fallback=fallback, certificate=CERTIFICATE)
    body = sent(script)[2]
    assert (body["fallback"], body["certificate"]) == (fallback, CERTIFICATE)


def test_a_target_is_taken_away(make: Make) -> None:
    tb, script = make()
    tb.archives.delete_storage()
    assert sent(script) == ("DELETE", ROOT, None)


@pytest.mark.parametrize(
    ("kind", "changes", "field"),
    [
        (S3Storage, {"access_key": ""}, "access_key"),
        (S3Storage, {"secret_key": None}, "secret_key"),
        (S3Storage, {"secret_key": "\ud800"}, "secret_key"),
        (S3Storage, {"bucket": ""}, "bucket"),
        (S3Storage, {"endpoint": ""}, "endpoint"),
        (S3Storage, {"sse": "kms"}, "sse"),
        (AzureStorage, {"account_name": ""}, "account_name"),
        (AzureStorage, {"account_key": 5}, "account_key"),
        (AzureStorage, {"container": None}, "container"),
        (AzureStorage, {"domain": ""}, "domain"),
    ],
)
def test_a_target_that_lacks_something_cannot_be_made(
    kind: type, changes: dict[str, Any], field: str
) -> None:
    whole: dict[str, Any] = (
        {"access_key": "AK", "secret_key": "canary", "bucket": "b"}
        if kind is S3Storage
        else {"account_name": "a", "account_key": "canary", "container": "c"}
    )
    with pytest.raises(errors.InvalidInputError) as caught:
        kind(**{**whole, **changes})
    assert caught.value.field == field
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"target": {"type": "s3", "secretKey": "canary"}}, "target"),
        ({"target": None}, "target"),
        ({"fallback": "lost"}, "fallback"),
        ({"certificate": ""}, "certificate"),
        ({"certificate": b"canary"}, "certificate"),
        ({"certificate": "-----BEGIN PRIVATE KEY-----\ncanary"}, "certificate"),
    ],
)
def test_a_bad_option_is_refused_without_showing_a_secret(
    options: dict[str, Any], field: str, make: Make
) -> None:
    tb, script = make()
    with pytest.raises(errors.InvalidInputError) as caught:
        tb.archives.set_storage(**{"target": BUCKET, **options})
    assert caught.value.field == field
    assert "canary" not in f"{caught.value!r}{caught.value.value}"
    assert script.requests == []


def test_keys_are_not_in_the_repr() -> None:
    assert repr(BUCKET) == "S3Storage(bucket='my-archives', endpoint=None, sse=None)"
    assert "canary" not in repr(
        AzureStorage(account_name="acct", account_key="canary", container="c")
    )
