"""A session's calls are those of the resources, with its own id."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import Any

import pytest

from tests.rest.test_sessions import SESSION
from tests.support.rest import Make
from tokbox import errors
from tokbox.rest import session_options
from tokbox.rest.resources import compositions
from tokbox.rest.resources.archives import Archives
from tokbox.rest.resources.audio_connectors import AudioConnectors
from tokbox.rest.resources.broadcasts import Broadcasts
from tokbox.rest.resources.captions import LiveCaptions
from tokbox.rest.resources.moderation import Moderation
from tokbox.rest.resources.renders import Renders
from tokbox.rest.resources.signals import Signals
from tokbox.rest.resources.sip import Sip
from tokbox.rest.resources.streams import Streams
from tokbox.rest.session_calls import SessionCalls
from tokbox.transport import Response


def keywords(call: Callable[..., Any]) -> set[str]:
    """Return the keyword arguments of a call, those of a composition spelled out."""
    found: set[str] = set()
    for parameter in inspect.signature(call).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            found |= typing.get_type_hints(compositions.Composition).keys()
        elif parameter.kind is parameter.KEYWORD_ONLY:
            found.add(parameter.name)
    return found


@pytest.mark.parametrize(
    ("options", "call"),
    [
        (compositions.Composition, compositions.compose),
        (session_options.ArchiveOptions, Archives.start),
        (session_options.BroadcastOptions, Broadcasts.start),
        (session_options.CallOptions, Streams.list),
        (session_options.CallOptions, Moderation.unmute_all),
        (session_options.MuteOptions, Moderation.mute_all),
        (session_options.SignalOptions, Signals.send),
        (session_options.ClientOptions, Sip.play_dtmf),
        (session_options.DialOptions, Sip.dial),
        (session_options.CaptionsOptions, LiveCaptions.start),
        (session_options.RenderOptions, Renders.start),
        (session_options.TokenOptions, AudioConnectors.start),
    ],
)
def test_options_name_all_that_the_call_takes(
    options: type, call: Callable[..., Any]
) -> None:
    assert typing.get_type_hints(options).keys() == keywords(call)


#: The arguments of each call besides the session.
NEEDED: dict[str, tuple[Any, ...]] = {
    "start_archive": (),
    "start_broadcast": (),
    "list_streams": (),
    "get_stream": ("s",),
    "set_layout_classes": ({"s": []},),
    "list_connections": (),
    "signal": ("hello",),
    "disconnect": ("c",),
    "mute_stream": ("s",),
    "mute_all": (),
    "unmute_all": (),
    "dial": ("sip:a",),
    "play_dtmf": ("1",),
    "start_captions": (),
    "start_render": ("https://a.example/page",),
    "start_audio_connector": ("wss://a.example",),
}


def test_every_call_is_known_here() -> None:
    calls = {
        name for name, value in vars(SessionCalls).items() if inspect.isfunction(value)
    }
    assert calls == NEEDED.keys()


@pytest.mark.parametrize("name", NEEDED)
def test_a_call_sends_its_session_and_accepts_a_timeout(name: str, make: Make) -> None:
    tb, script = make(Response(404, {}, b"{}"))
    options = {"hls": True} if name == "start_broadcast" else {}
    call = getattr(tb.session(SESSION), name)
    with pytest.raises(errors.NotFoundError):
        call(*NEEDED[name], **options, timeout=7)
    (request,) = script.requests
    assert SESSION in request.path or SESSION.encode() in (request.body or b"")
    assert 0 < request.timeout <= 7
    with pytest.raises(errors.InvalidInputError, match="timeout"):
        call(*NEEDED[name], **options, timeout=0)
