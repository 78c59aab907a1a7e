"""Archives that go to a bucket or container instead of the service's own cloud."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.support.applications import key_pair
from tests.support.emulator import KEY, NOW, Api
from tokbox.emulator import Clock, Rules, Server, serve

SECRET = "example0storage0secret"
S3 = {"accessKey": "AK", "secretKey": SECRET, "bucket": "my-archives"}
AZURE = {"accountName": "acct", "accountKey": SECRET, "container": "archives"}


@cache
def certificate(*, bits: int = 2048, elliptic: bool = False) -> str:
    """A certificate in PEM, for one of our keys."""
    key: Any = ec.generate_private_key(ec.SECP256R1()) if elliptic else key_pair(bits)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "archives")])
    day = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(day)
        .not_valid_after(day + dt.timedelta(days=3650))
        .sign(key, SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


def put(api: Api, config: object = S3, **members: object) -> int:
    body = {"type": "s3", "config": config, **members}
    return api.project("PUT", "/archive/storage", body).status


def target(api: Api) -> Any:
    return api.request("GET", f"/_emulator/storage/{api.key}").json()


def finish(api: Api, **options: object) -> dict[str, Any]:
    """Record something, and return the archive when its file is made."""
    session_id = api.create_session()
    api.join(session_id)
    archive_id = api.start_archive(session_id, **options)["id"]
    api.advance(5)
    api.stop_archive(archive_id)
    api.advance(2)
    return api.archive(archive_id)


# Setting and removing it.


@pytest.mark.trap(104)
def test_response_has_the_target_without_its_keys_or_nothing() -> None:
    for reply in ("target", "empty"):
        rules = Rules(storage_reply=reply)  # type: ignore[arg-type]
        with serve(strict=rules, clock=Clock(lambda: NOW)) as server:
            answer = Api(server.url).project(
                "PUT",
                "/archive/storage",
                {"type": "azure", "config": {**AZURE, "domain": "blob.example.net"}},
            )
        assert answer.status == 200
        assert SECRET.encode() not in answer.body
        if reply == "empty":
            assert answer.body == b""
            continue
        assert answer.json() == {
            "type": "azure",
            "config": {
                "accountName": "acct",
                "container": "archives",
                "domain": "blob.example.net",
            },
            "fallback": "none",
            "certificate": None,
        }


def test_target_is_set_and_shown_without_its_keys(tenant: Api) -> None:
    answer = tenant.project(
        "PUT",
        "/archive/storage",
        {
            "type": "s3",
            "config": {**S3, "endpoint": "https://s3.example.net", "sse": "s3"},
            "fallback": "none",
            "certificate": None,
        },
    )
    assert answer.json() == {
        "type": "s3",
        "config": {
            "bucket": "my-archives",
            "endpoint": "https://s3.example.net",
            "sse": "s3",
        },
        "fallback": "none",
        "certificate": None,
    }
    assert target(tenant) == {
        "target": {
            "type": "s3",
            "place": "my-archives",
            "fallback": "none",
            "encrypted": False,
        },
        "broken": False,
    }


def test_azure_replaces_s3(api: Api) -> None:
    put(api)
    config = {**AZURE, "domain": "blob.example.net"}
    assert put(api, config, type="azure", fallback="opentok") == 200
    shown = target(api)["target"]
    assert (shown["type"], shown["place"], shown["fallback"]) == (
        "azure",
        "archives",
        "opentok",
    )


def test_type_may_be_written_large(api: Api) -> None:
    assert put(api, type="S3") == 200


@pytest.mark.parametrize("fallback", ["none", "opentok", "vonage"])
def test_every_fallback_is_known(api: Api, fallback: str) -> None:
    assert put(api, fallback=fallback) == 200


@pytest.mark.parametrize(
    "change",
    [
        {"type": None},
        {"type": "gcs"},
        {"type": ["s3"]},
        {"type": "azure"},
        {"config": None},
        {"config": []},
        {"config": {}},
        *({"config": {**S3, name: None}} for name in S3),
        *({"config": {**S3, name: ""}} for name in S3),
        {"config": {**S3, "bucket": 7}},
        {"config": {**S3, "endpoint": 7}},
        {"config": {**S3, "sse": "aes"}},
        *(
            {"type": "azure", "config": {n: v for n, v in AZURE.items() if n != name}}
            for name in AZURE
        ),
        {"fallback": "amazon"},
        {"fallback": ["none"]},
        {"certificate": 7},
        {"certificate": "x"},
        {"certificate": "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"},
    ],
)
def test_malformed_target_is_refused_and_shows_no_secret(
    api: Api, change: dict[str, Any]
) -> None:
    body = {"type": "s3", "config": S3, **change}
    answer = api.project("PUT", "/archive/storage", body)
    assert answer.status == 400
    assert SECRET.encode() not in answer.body
    assert target(api)["target"] is None


@pytest.mark.parametrize("body", [b"", b"{", []])
def test_body_that_is_not_an_object_is_refused(api: Api, body: object) -> None:
    assert api.project("PUT", "/archive/storage", body).status == 400


def test_removing_a_missing_target_succeeds(api: Api) -> None:
    put(api)
    for _ in range(2):
        answer = api.project("DELETE", "/archive/storage")
        assert (answer.status, answer.body) == (204, b"")
    assert target(api)["target"] is None


def test_unknown_tenant_is_not_shown(api: Api) -> None:
    assert api.request("GET", "/_emulator/storage/40009999").status == 404


@pytest.mark.parametrize("config", [S3, AZURE])
def test_keys_are_kept_nowhere(tmp_path: Path, config: dict[str, str]) -> None:
    kind = "azure" if config is AZURE else "s3"
    with serve(db=tmp_path / "emulator.db", clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        assert put(api, config, type=kind) == 200
        log = json.dumps([entry.describe() for entry in server.requests()])
        content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert config[list(config)[-1]].encode() in content
    assert SECRET.encode() not in content
    assert SECRET not in log


def test_target_survives_a_restart(tmp_path: Path) -> None:
    for run in range(2):
        with serve(db=tmp_path / "emulator.db", clock=Clock(lambda: NOW)) as server:
            api = Api(server.url)
            if run == 0:
                put(api)
            assert target(api)["target"]["place"] == "my-archives"


# Uploads of archives.


def test_archive_is_uploaded_and_has_no_link(tenant: Api) -> None:
    put(tenant)
    archive = finish(tenant)
    assert (archive["status"], archive["url"]) == ("uploaded", None)
    assert archive["reason"] == "user initiated"
    assert (archive["duration"], archive["size"] > 0) == (5, True)


def test_uploaded_archive_does_not_expire_and_can_be_deleted(api: Api) -> None:
    put(api)
    archive = finish(api)
    api.advance(100 * 3600)
    assert api.archive(archive["id"])["status"] == "uploaded"
    assert api.project("DELETE", f"/archive/{archive['id']}").status == 204
    assert api.archives()["count"] == 0


def test_without_a_target_archives_stay_in_the_cloud_again(api: Api) -> None:
    put(api)
    api.project("DELETE", "/archive/storage")
    assert finish(api)["status"] == "available"


def test_target_is_of_one_tenant_only(api: Api, other: Api) -> None:
    put(api)
    assert finish(other)["status"] == "available"


@pytest.mark.parametrize(
    ("fallback", "status"),
    [
        (None, "failed"),
        ("none", "failed"),
        ("opentok", "available"),
        ("vonage", "available"),
    ],
)
def test_fallback_applies_to_failed_uploads(
    server: Server, api: Api, fallback: str | None, status: str
) -> None:
    put(api, fallback=fallback)
    server.fail_uploads(KEY)
    archive = finish(api)
    assert archive["status"] == status
    assert archive["reason"] == ("failure" if status == "failed" else "user initiated")
    assert (archive["url"] is None) == (status == "failed")
    server.fail_uploads(KEY, fail=False)
    assert finish(api)["status"] == "uploaded"


def test_deliveries_are_broken_off_by_a_control_route(api: Api) -> None:
    path = f"/_emulator/storage/{KEY}"
    put(api)
    assert api.request("POST", path, {"broken": True}).status == 204
    assert target(api)["broken"] is True
    assert finish(api)["status"] == "failed"
    assert api.request("POST", path, {"broken": "yes"}).status == 400
    assert api.request("POST", "/_emulator/storage/x", {"broken": True}).status == 404


def sent_events(server: Server) -> list[str]:
    bodies = [json.loads(one.body) for one in server.webhooks(event="archive_status")]
    return [body["status"] for body in bodies]


@pytest.mark.trap(99)
@pytest.mark.parametrize(
    ("rules", "uploads", "expected"),
    [
        (Rules(), True, ["started", "stopped", "uploaded"]),
        (Rules(upload_first=True), True, ["started", "uploaded", "stopped"]),
        (Rules(upload_first=True), False, ["started", "stopped", "available"]),
    ],
)
def test_uploaded_event_may_precede_stopped(
    rules: Rules, uploads: bool, expected: list[str]
) -> None:
    # There is no server at the URL; the test reads the outbox.
    webhooks = {KEY: {"archive_status": "http://archives.example.org/"}}
    with serve(
        strict=rules, webhooks=webhooks, clock=Clock(lambda: NOW), processing_delay=2
    ) as server:
        api = Api(server.url)
        if uploads:
            put(api)
        finish(api)
        assert sent_events(server) == expected


# Encryption.


def plain(password: str) -> bytes:
    opened: bytes = key_pair(2048).decrypt(
        base64.b64decode(password, validate=True), OAEP(MGF1(SHA1()), SHA1(), None)
    )
    return opened


def escaped(pem: str) -> str:
    return pem.replace("\n", "\\n")


def in_base64(pem: str) -> str:
    return base64.b64encode(pem.encode()).decode()


@pytest.mark.parametrize("spell", [str, escaped, in_base64])
def test_password_opens_with_the_key_of_the_certificate(
    api: Api, spell: Callable[[str], str]
) -> None:
    assert put(api, certificate=spell(certificate())) == 200
    assert target(api)["target"]["encrypted"] is True
    archive = finish(api)
    assert archive["status"] == "uploaded"
    # Version, algorithm and mode; a key of 256 bits; an initialization vector.
    assert len(plain(archive["password"])) == 3 + 32 + 16
    assert api.archive(archive["id"])["password"] == archive["password"]


def test_length_of_an_encrypted_archive_is_never_known(api: Api) -> None:
    put(api, certificate=certificate())
    assert finish(api)["duration"] == 0


def test_every_archive_has_a_password_of_its_own(api: Api) -> None:
    put(api, certificate=certificate())
    one, two = finish(api), finish(api)
    assert plain(one["password"]) != plain(two["password"])


def test_password_is_sent_in_webhooks(server: Server, api: Api) -> None:
    webhooks = {"archive_status": "http://archives.example.org/"}
    api.request("POST", "/_emulator/webhooks", {"projectId": KEY, "webhooks": webhooks})
    put(api, certificate=certificate())
    password = finish(api)["password"]
    bodies = [json.loads(one.body) for one in server.webhooks()]
    assert [body["password"] for body in bodies] == ["", "", password]


def test_individual_streams_are_not_encrypted(api: Api) -> None:
    put(api, certificate=certificate())
    archive = finish(api, outputMode="individual")
    assert (archive["status"], archive["password"]) == ("uploaded", "")


def test_target_without_a_certificate_turns_encryption_off(api: Api) -> None:
    put(api, certificate=certificate())
    put(api, certificate=None)
    assert finish(api)["password"] == ""


@pytest.mark.parametrize("options", [{"bits": 3072}, {"elliptic": True}])
def test_other_keys_are_refused(api: Api, options: dict[str, Any]) -> None:
    assert put(api, certificate=certificate(**options)) == 400


def test_private_key_is_not_a_certificate(api: Api) -> None:
    assert put(api, certificate="-----BEGIN PRIVATE KEY-----\nx\n") == 400


def test_same_seed_makes_the_same_password() -> None:
    def run() -> bytes:
        with serve(seed=7, clock=Clock(lambda: NOW), processing_delay=2) as server:
            api = Api(server.url)
            put(api, certificate=certificate())
            return plain(finish(api)["password"])

    assert run() == run()


def test_application_uploads_individual_streams(application: Api) -> None:
    put(application)
    assert finish(application, outputMode="individual")["status"] == "uploaded"
