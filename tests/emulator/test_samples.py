"""Sample webhooks: all events, with the shapes that the emulator sends."""

from __future__ import annotations

import time

import pytest

import tokbox.webhooks
from tests.support.applications import APPLICATION
from tokbox.emulator.samples import sample_events
from tokbox.emulator.store.webhook_outbox import NAMES

NOW_MS = int(time.time() * 1000)


@pytest.mark.parametrize("project_id", ["12345678", APPLICATION])
def test_there_is_a_sample_of_every_event(project_id: str) -> None:
    found = sample_events(project_id, NOW_MS)
    assert {*found} == {*NAMES}
    for statuses in found.values():
        for status, event in statuses.items():
            assert event.project_id == project_id
            assert event.at_ms <= NOW_MS
            assert event.payload.get("status", "") == status
            parsed = tokbox.webhooks.parse(event.payload)
            assert type(parsed) is not tokbox.webhooks.UnknownEvent


def test_every_status_of_jobs_has_a_sample() -> None:
    found = sample_events("12345678", NOW_MS)
    assert {*found["broadcast_status"]} == {"started", "stopped", "failed"}
    assert {*found["render_status"]} == {"started", "stopped", "failed"}
    assert {*found["captions_status"]} == {"started", "paused", "stopped", "failed"}
    archives = found["archive_status"]
    assert archives["available"].payload["url"].startswith("https://example.com/")
    assert archives["available"].payload["size"] > 0


def test_each_call_has_other_ids() -> None:
    first, second = (sample_events("12345678", NOW_MS) for _ in range(2))
    ids = [each["archive_status"]["stopped"].payload["id"] for each in (first, second)]
    assert ids[0] != ids[1]
