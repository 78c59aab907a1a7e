"""The words that type checkers accept are those that the library accepts."""

from __future__ import annotations

from enum import Enum
from typing import Any, get_args

import pytest

from tokbox import enums, errors, states
from tokbox.rest import sessions
from tokbox.rest.callbacks import _EVENTS
from tokbox.rest.layouts import Layout


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (enums.ArchiveModeName, enums.ArchiveMode),
        (enums.OutputModeName, enums.OutputMode),
        (enums.StreamModeName, enums.StreamMode),
        (states.ProjectStatusName, states.ProjectStatus),
    ],
)
def test_the_names_for_type_checkers_are_the_values_of_the_enum(
    names: Any, kind: type[Enum]
) -> None:
    assert set(get_args(names)) == {member.value for member in kind}


def test_every_name_of_a_media_mode_is_accepted() -> None:
    names = get_args(enums.MediaModeName)
    assert {enums.MediaMode(name) for name in names} == set(enums.MediaMode)
    assert {mode.value for mode in enums.MediaMode} <= set(names)


def test_every_resolution_and_layout_is_accepted() -> None:
    for resolution in get_args(enums.Resolution):
        form = sessions.parameters(
            "",
            "routed",
            "always",
            e2ee=False,
            archive_name=None,
            archive_resolution=resolution,
        )
        assert form["archiveResolution"] == resolution
    for name in get_args(enums.LayoutName):
        stylesheet = "stream {}" if name == "custom" else None
        assert Layout(name, stylesheet=stylesheet).type == name
    for name in get_args(enums.ScreenshareLayoutName):
        assert Layout(screenshare_type=name).screenshare_type == name
    with pytest.raises(errors.InvalidInputError):
        Layout(screenshare_type="custom")  # type: ignore[arg-type]


def test_the_names_of_callbacks_are_those_of_their_table() -> None:
    assert set(get_args(enums.CallbackGroup)) == _EVENTS.keys()
    events = {event for events in _EVENTS.values() for event in events}
    assert set(get_args(enums.CallbackEvent)) == events
