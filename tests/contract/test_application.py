"""The client of a Vonage application against the emulator of that environment."""

from __future__ import annotations

import json
import urllib.request

import pytest

from tests.support.applications import key_pair
from tokbox import Tokbox
from tokbox.emulator import serve
from tokbox.errors import AuthenticationError


@pytest.fixture(scope="module")
def server():
    with serve() as server:
        yield server


def connect(server, session, token: str) -> dict:
    url = f"{server.url}/_emulator/session/{session}/connection"
    body = json.dumps({"token": token}).encode()
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as reply:
        return json.load(reply)


def test_a_session_is_made_and_joined_with_each_way_to_sign(server):
    with Tokbox.from_private_key(
        server.application_id, server.private_key, server.url, trust_env=False
    ) as tb:
        session = tb.new_session()
        assert session.to_dict()["project_id"] == server.application_id
        tokens = [
            session.token("moderator", "a=b"),
            *session.tokens(2),
            *tb.sign_rows(
                session.session_id, role="subscriber", connection_data=["Ada", "Grace"]
            ),
        ]
        for token in tokens:
            assert connect(server, session, token)
        assert tb.archives.list(session_id=session.session_id).total == 0


def test_another_key_is_refused(server):
    tb = Tokbox.from_private_key(
        server.application_id, key_pair(), server.url, trust_env=False
    )
    with tb, pytest.raises(AuthenticationError):
        tb.new_session()
