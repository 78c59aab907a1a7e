"""The client against the emulator: two implementations of one protocol, over HTTP."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

import tokbox
from tests.support.contract import client, join
from tokbox import ArchiveMode, MediaMode, Tokbox, errors
from tokbox.emulator import Server, serve
from tokbox.rest.http.auth import ProjectAuth
from tokbox.rest.http.requester import Requester
from tokbox.transport.urllib3_transport import Urllib3Transport

UNKNOWN = "0b9f3c1e-6a7d-4c2b-9e88-5d1f2a3b4c5d"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    # A file that is never made: what is stopped stays stopped.
    with serve(processing_delay=86_400) as server:
        yield server


@pytest.fixture
def prompt() -> Iterator[Server]:
    with serve(processing_delay=0) as server:
        yield server


@pytest.fixture
def tb(server: Server) -> Iterator[Tokbox]:
    with client(server) as tb:
        yield tb


def test_a_session_is_created_with_every_option(tb: Tokbox) -> None:
    for session in (
        tb.new_session(),
        tb.new_session("", MediaMode.P2P, ArchiveMode.MANUAL),
        tb.new_session("203.0.113.7"),
        tb.new_session(e2ee=True),
        tb.new_session(
            archive_mode=ArchiveMode.ALWAYS, archive_name="a", archive_resolution="640x480"
        ),
    ):
        assert session.to_dict()["project_id"] == tb.project_id
        assert session.to_dict()["create_dt"]
        assert tb.session(session.session_id) == tb.session(str(session))


@pytest.mark.parametrize("role", list(tokbox.Role))
def test_a_client_joins_with_any_role_whose_stream_is_allowed(
    role: tokbox.Role, server: Server, tb: Tokbox
) -> None:
    session = tb.new_session()
    if role is tokbox.Role.SUBSCRIBER:
        with pytest.raises(urllib.error.HTTPError) as caught:
            join(server, session, role=role)
        caught.value.close()
    else:
        assert join(server, session, role=role, connection_data="é&=")["streamId"]


def test_every_token_of_a_batch_admits_a_client(server: Server, tb: Tokbox) -> None:
    session = tb.new_session()
    for token in session.tokens(5, True):
        request = urllib.request.Request(
            f"{server.url}/_emulator/session/{session.session_id}/connection",
            json.dumps({"token": token}).encode(),
            method="POST",
        )
        with urllib.request.urlopen(request) as response:
            assert response.status == 201


def test_an_archive_lives_from_start_to_deletion(prompt: Server) -> None:
    with client(prompt) as tb:
        session = tb.new_session()
        join(prompt, session)
        started = session.start_archive(name="weekly é", resolution="1280x720")
        assert (started.status, started.name) == ("started", "weekly é")
        assert started.session_id == session.session_id
        assert started.resolution == "1280x720"
        assert started.created_at is not None
        assert dict(started.unknown) == {}
        stopped = tb.archives.stop(started.id)
        assert (stopped.id, stopped.reason) == (started.id, "user initiated")
        found = tb.archives.get(started.id)
        assert found.status == "available"
        assert found.url
        assert [archive.id for archive in tb.archives.list()] == [started.id]
        tb.archives.delete(started.id)
        assert list(tb.archives.iter()) == []
        with pytest.raises(errors.NotFoundError):
            tb.archives.get(started.id)


@pytest.mark.parametrize(
    "options",
    [
        {"has_audio": False},
        {"has_video": False, "output_mode": "individual"},
        {"layout": "pip"},
        {"layout": tokbox.Layout("custom", stylesheet="stream {}")},
        {"layout": "bestFit", "screenshare_type": "verticalPresentation"},
        {"max_bitrate": 1_000_000},
        {"quantization_parameter": 15},
        {"stream_mode": "manual", "multi_archive_tag": "t"},
        {
            "has_transcription": True,
            "transcription_properties": tokbox.TranscriptionProperties(
                primary_language_code="en-US", has_summary=True
            ),
        },
    ],
)
def test_every_option_of_a_start_is_understood(
    options: dict[str, Any], server: Server, tb: Tokbox
) -> None:
    session = tb.new_session()
    join(server, session)
    archive = session.start_archive(**options)
    assert archive.status == "started"
    for name in ("has_audio", "output_mode", "max_bitrate", "multi_archive_tag"):
        if name in options:
            assert getattr(archive, name) == options[name]
    assert dict(archive.unknown) == {}


def test_streams_are_added_to_and_removed_from_an_archive(
    server: Server, tb: Tokbox
) -> None:
    session = tb.new_session()
    stream_id = join(server, session)["streamId"]
    archive = session.start_archive(stream_mode="manual")
    tb.archives.add_stream(archive.id, stream_id, has_video=False)
    (stream,) = tb.archives.get(archive.id).streams
    assert (stream.stream_id, stream.has_audio, stream.has_video) == (
        stream_id,
        True,
        False,
    )
    tb.archives.remove_stream(archive.id, stream_id)
    assert tb.archives.get(archive.id).streams == ()


def test_the_layout_of_a_running_archive_is_changed(server: Server, tb: Tokbox) -> None:
    session = tb.new_session()
    join(server, session)
    archive = session.start_archive()
    tb.archives.set_layout(archive.id, "horizontalPresentation")
    tb.archives.set_layout(archive.id, stylesheet="stream {}")


def test_iter_pages_through_a_sessions_archives(server: Server, tb: Tokbox) -> None:
    session = tb.new_session()
    join(server, session)
    started = [session.start_archive(multi_archive_tag=str(tag)).id for tag in range(7)]
    found = [archive.id for archive in tb.archives.iter(session.session_id, page_size=3)]
    assert found == started[::-1]
    page = tb.archives.list(offset=5, count=5, session_id=session.session_id)
    assert ([archive.id for archive in page], page.total) == (found[5:], 7)


@pytest.mark.trap(41, 95)
def test_archiving_an_empty_session_is_not_found_with_the_reason(tb: Tokbox) -> None:
    with pytest.raises(errors.NotFoundError) as caught:
        tb.new_session().start_archive()
    assert caught.value.hint is not None
    assert "must connect" in caught.value.hint


def test_archiving_a_relayed_session_is_a_conflict_with_the_reason(
    server: Server, tb: Tokbox
) -> None:
    session = tb.new_session(media_mode=MediaMode.P2P)
    join(server, session)
    with pytest.raises(errors.ConflictError) as caught:
        session.start_archive()
    assert caught.value.code == 15008
    assert caught.value.hint is not None
    assert "MEDIA_ROUTER" in caught.value.hint


def test_a_second_archive_without_a_tag_is_a_conflict(server: Server, tb: Tokbox) -> None:
    session = tb.new_session()
    join(server, session)
    session.start_archive()
    with pytest.raises(errors.ConflictError) as caught:
        session.start_archive()
    assert caught.value.code == 15001


def test_to_delete_a_running_archive_is_a_conflict(server: Server, tb: Tokbox) -> None:
    session = tb.new_session()
    join(server, session)
    archive = session.start_archive()
    with pytest.raises(errors.ConflictError) as caught:
        tb.archives.delete(archive.id)
    assert caught.value.code == 15004


def test_to_choose_streams_of_an_automatic_archive_is_refused(
    server: Server, tb: Tokbox
) -> None:
    session = tb.new_session()
    stream_id = join(server, session)["streamId"]
    archive = session.start_archive()
    with pytest.raises(errors.APIError) as caught:
        tb.archives.add_stream(archive.id, stream_id)
    assert caught.value.status == 405


@pytest.mark.parametrize("call", ["get", "stop", "delete"])
def test_an_unknown_archive_is_not_found(call: str, tb: Tokbox) -> None:
    with pytest.raises(errors.NotFoundError) as caught:
        getattr(tb.archives, call)(UNKNOWN)
    assert caught.value.path.startswith(f"/v2/project/{tb.project_id}/archive/{UNKNOWN}")
    assert caught.value.attempts == 1


@pytest.mark.parametrize(
    ("key", "secret"), [(None, "wrong-secret"), ("99999999", None)], ids=["secret", "key"]
)
def test_wrong_credentials_are_an_authentication_error(
    key: str | None, secret: str | None, server: Server
) -> None:
    with (
        Tokbox(
            key or server.api_key, secret or server.secret, server.url, trust_env=False
        ) as tb,
        pytest.raises(errors.AuthenticationError) as caught,
    ):
        tb.new_session()
    assert type(caught.value) is errors.AuthenticationError
    assert caught.value.message


@pytest.mark.parametrize("offset", [-600, 600])
def test_a_wrong_clock_is_distinguished_from_wrong_credentials(
    offset: int, server: Server
) -> None:
    def now() -> float:
        return time.time() + offset

    signer = tokbox.Signer(server.api_key, server.secret)
    requester = Requester(
        Urllib3Transport(connect_timeout=20, pool_size=1, trust_env=False),
        ProjectAuth(signer.project_id, signer._jwt, now=now),
        api_url=server.url,
        timeout=60,
        retries=0,
        now=now,
    )
    with pytest.raises(errors.ClockSkewError) as caught:
        requester.request_json("POST", "/session/create", form={})
    requester.close()
    assert caught.value.offset == pytest.approx(offset, abs=30)


@pytest.mark.parametrize("offset", [-600, 600])
def test_a_wrong_clock_is_corrected_if_asked(offset: int, server: Server) -> None:
    def now() -> float:
        return time.time() + offset

    signer = tokbox.Signer(server.api_key, server.secret)
    requester = Requester(
        Urllib3Transport(connect_timeout=20, pool_size=1, trust_env=False),
        ProjectAuth(signer.project_id, signer._jwt, now=now),
        api_url=server.url,
        timeout=60,
        retries=0,
        correct_clock=True,
        now=now,
    )
    requester.request_json("POST", "/session/create", form={})
    requester.close()
