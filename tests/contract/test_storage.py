"""The client's storage targets against the emulator, in both environments."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import tokbox
from tests.support.contract import ENVIRONMENTS, client, join
from tokbox import Tokbox
from tokbox.emulator import Server, serve

S3 = tokbox.S3Storage(
    access_key="AK",
    secret_key="example0secret",
    bucket="b",
    endpoint="https://s3.example.net",
    sse="s3",
)
AZURE = tokbox.AzureStorage(
    account_name="acct",
    account_key="example0secret",
    container="c",
    domain="blob.example.net",
)


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(processing_delay=0) as server:
        yield server


@pytest.fixture(params=ENVIRONMENTS)
def tb(request: pytest.FixtureRequest, server: Server) -> Iterator[Tokbox]:
    with client(server, request.param) as tb:
        yield tb


def recorded(server: Server, tb: Tokbox) -> tokbox.types.Archive:
    session = tb.new_session()
    join(server, session)
    archive = session.start_archive()
    tb.archives.stop(archive.id)
    return tb.archives.get(archive.id)


@pytest.mark.parametrize("target", [S3, AZURE])
def test_archives_are_uploaded_while_there_is_a_target(
    target: tokbox.S3Storage | tokbox.AzureStorage, server: Server, tb: Tokbox
) -> None:
    tb.archives.set_storage(target, fallback="opentok")
    archive = recorded(server, tb)
    assert (archive.status, archive.url) == ("uploaded", "")
    tb.archives.delete(archive.id)
    tb.archives.delete_storage()
    assert recorded(server, tb).status == "available"


@pytest.mark.parametrize(
    ("fallback", "status"), [(None, "failed"), ("none", "failed"), ("opentok", "available")]
)
def test_fallback_is_understood(
    fallback: str | None, status: str, server: Server, tb: Tokbox
) -> None:
    tb.archives.set_storage(S3, fallback=fallback)
    server.fail_uploads(tb.project_id)
    assert recorded(server, tb).status == status
