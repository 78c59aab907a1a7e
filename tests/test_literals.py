"""The words that type checkers accept are those that the library accepts."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, get_args

import pytest

from tests.rest.test_sessions import SESSION, answers
from tests.support.rest import KEY, SECRET, Script
from tokbox import (
    AudioTransport,
    S3Storage,
    Signer,
    Tokbox,
    WebSocket,
    enums,
    errors,
    literals,
    response_enums,
)
from tokbox.rest import new_session
from tokbox.rest.resources.callbacks import _EVENTS
from tokbox.rest.resources.layouts import Layout
from tokbox.rest.resources.storage import storage_target


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (literals.ArchiveModeName, enums.ArchiveMode),
        (literals.OutputModeName, enums.OutputMode),
        (literals.RoleName, enums.Role),
        (literals.StreamModeName, enums.StreamMode),
        (literals.ProjectStatusName, response_enums.ProjectStatus),
    ],
)
def test_the_names_for_type_checkers_are_the_values_of_the_enum(
    names: Any, kind: type[Enum]
) -> None:
    assert set(get_args(names)) == {member.value for member in kind}


def test_every_name_of_a_media_mode_is_accepted() -> None:
    names = get_args(literals.MediaModeName)
    assert {enums.MediaMode(name) for name in names} == set(enums.MediaMode)
    assert {mode.value for mode in enums.MediaMode} <= set(names)


def test_every_resolution_and_layout_is_accepted() -> None:
    for resolution in get_args(literals.Resolution):
        form = new_session.parameters(
            "",
            "routed",
            "always",
            e2ee=False,
            archive_name=None,
            archive_resolution=resolution,
        )
        assert form["archiveResolution"] == resolution
    for name in get_args(literals.LayoutName):
        stylesheet = "stream {}" if name == "custom" else None
        assert Layout(name, stylesheet=stylesheet).type == name
    for name in get_args(literals.ScreenshareLayoutName):
        assert Layout(screenshare_type=name).screenshare_type == name
    with pytest.raises(errors.InvalidInputError):
        Layout(screenshare_type="custom")  # type: ignore[arg-type]


def test_the_names_of_callbacks_are_those_of_their_table() -> None:
    assert set(get_args(literals.CallbackGroup)) == _EVENTS.keys()
    events = {event for events in _EVENTS.values() for event in events}
    assert set(get_args(literals.CallbackEvent)) == events


def accepted(name: Any, call: Callable[[Any], object], wrong: object) -> None:
    """Call with each value of a Literal, and with another one, which must be refused."""
    for value in get_args(name):
        call(value)
    with pytest.raises(errors.InvalidInputError):
        call(wrong)


def test_every_kind_of_token_and_of_row_errors_is_accepted() -> None:
    signer = Signer(KEY, SECRET)
    session = signer.session(SESSION)
    accepted(literals.TokenKind, lambda kind: session.token(kind=kind), "T1")
    accepted(
        literals.RowErrors, lambda way: signer.sign_rows([SESSION], errors=way), "ignore"
    )


def test_every_word_for_storage_and_audio_is_accepted() -> None:
    keys = {"access_key": "a", "secret_key": "s", "bucket": "b"}
    accepted(literals.StorageEncryption, lambda sse: S3Storage(**keys, sse=sse), "aes")
    target = S3Storage(**keys)
    accepted(
        literals.StorageFallback, lambda way: storage_target(target, way, None), "cloud"
    )
    accepted(
        literals.AudioTransportName,
        lambda way: AudioTransport(transport=way, encoding="base64"),
        "text",
    )
    accepted(
        literals.AudioEncoding,
        lambda way: AudioTransport(transport="json", encoding=way),
        "hex",
    )
    accepted(literals.AudioRate, lambda rate: WebSocket("wss://h", audio_rate=rate), 44_100)


def test_every_method_of_a_request_is_accepted() -> None:
    with Tokbox(KEY, SECRET, transport=Script(answers({}))) as tb:
        accepted(literals.RequestMethod, lambda way: tb.request(way, "/x"), "HEAD")
