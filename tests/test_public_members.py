"""Objects that hold a key, memory or a server have the public members listed here."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

import tokbox
import tokbox.emulator

MEMBERS = {
    tokbox.Signer: (
        "close fingerprint from_private_key project_id session sign_rows verify verify_many"
    ),
    tokbox.PrivateKey: "bits public_key",
    tokbox.types.MemoryPool: "",
    tokbox.types.TokenBatch: (
        "count data failures index nbytes offsets raise_first token_length tolist write"
    ),
    tokbox.emulator.Server: (
        "advance audio_sockets connect disconnect fail_job fail_session publish reset "
        "set_webhooks signals unpublish "
        "account_key account_secret api_key application_id clock drain_webhooks fail_next "
        "fail_uploads host messages port private_key requests rotate_session secret start "
        "stop url webhooks"
    ),
}
#: Classes of arguments: they have their fields, and nothing else.
INPUTS = (
    tokbox.AudioTransport,
    tokbox.AzureStorage,
    tokbox.Derived,
    tokbox.Hls,
    tokbox.Layout,
    tokbox.RtmpTarget,
    tokbox.S3Storage,
    tokbox.SipAuth,
    tokbox.TranscriptionProperties,
    tokbox.WebSocket,
)


def public(thing: Any) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


@pytest.mark.parametrize("kind", MEMBERS, ids=lambda kind: kind.__name__)
def test_public_members_are_those_that_are_listed(kind: Any) -> None:
    if kind is tokbox.emulator.Server:
        with tokbox.emulator.serve() as thing:
            assert public(thing) == {*MEMBERS[kind].split()}
    else:
        assert public(kind) == {*MEMBERS[kind].split()}


def test_a_public_key_signs_nothing_and_keeps_its_parts_private() -> None:
    assert public(tokbox.PublicKey) - {"verify", "verify_many"} == {"bits", "pem"}


@pytest.mark.parametrize("kind", INPUTS, ids=lambda kind: kind.__name__)
def test_an_argument_class_has_its_fields_only(kind: Any) -> None:
    assert public(kind) == {field.name for field in dataclasses.fields(kind)}
