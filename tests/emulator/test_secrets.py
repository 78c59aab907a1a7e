"""What the emulator writes down and shows: never the secrets that it was given."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.emulator.receiver import receiving
from tests.emulator.support import KEY, NOW, Api, credentials
from tokbox.emulator import Clock, serve

PROJECT_SECRET = "canary0secret0of0the0project"
ACCOUNT_SECRET = "canary0secret0of0the0account"
WEBHOOK_SECRET = "canary0webhook0secret0canary0webhook"
CANARIES = (PROJECT_SECRET, ACCOUNT_SECRET, WEBHOOK_SECRET)


def test_no_secret_is_in_the_log_the_journal_the_page_or_the_database(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(1)
    shown: list[bytes] = []
    with (
        receiving() as receiver,
        serve(
            db=tmp_path / "emulator.db",
            projects={KEY: PROJECT_SECRET},
            accounts={"123456": ACCOUNT_SECRET},
            webhooks={
                KEY: {
                    "connection_created": receiver.url,
                    "signature_secret": WEBHOOK_SECRET,
                }
            },
            clock=Clock(lambda: NOW),
        ) as server,
    ):
        api = Api(server.url, secret=PROJECT_SECRET)
        session_id = api.create_session()
        token = api.token(session_id)
        api.join_with(session_id, token)
        server.drain_webhooks()
        for path in (f"/archive/{token}", f"/archive?token={token}"):
            api.project("GET", path)
        header = credentials(secret=PROJECT_SECRET)
        for wrong in (header + "x", PROJECT_SECRET, f"{KEY}:{PROJECT_SECRET}"):
            answer = api.project("GET", "/archive", headers={"X-OPENTOK-AUTH": wrong})
            assert answer.status == 403
            shown.append(answer.body)
        for control in ("", "/state", "/journal", "/messages", "/webhooks"):
            answer = api.request("GET", f"/_emulator{control}")
            assert answer.status == 200
            shown.append(answer.body)
        shown.append(api.request("GET", f"/_emulator/session/{session_id}").body)
        shown.append(api.request("GET", "/").body)
        shown.append(repr([*server.journal(), *server.webhooks(), server]).encode())
        # While it runs, what is new is in a file beside the database.
        shown += [file.read_bytes() for file in tmp_path.iterdir()]
    shown += [file.read_bytes() for file in tmp_path.iterdir()]
    shown.append(caplog.text.encode())
    everything = b"\n".join(shown)
    # It is what was looked for, and it was signed.
    assert session_id.encode() in everything
    assert receiver.received
    for secret in (*CANARIES, header, token):
        assert secret.encode() not in everything
