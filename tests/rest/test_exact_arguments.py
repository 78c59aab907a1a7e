"""Requests hold the text and the numbers that were checked, for arguments of any type."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.rest.resources.test_archives import STARTED
from tests.rest.test_sessions import SESSION, answers
from tests.support.lookalikes import (
    ArrayOfNoDimensions,
    Disguised,
    Index,
    Number,
    bool_,
    member,
)
from tests.support.rest import KEY, SECRET, Script
from tokbox import Tokbox, errors
from tokbox.rest.resources.archives import TranscriptionProperties
from tokbox.rest.resources.audio_connectors import AudioTransport, WebSocket
from tokbox.rest.resources.broadcasts import RtmpTarget
from tokbox.rest.resources.layouts import Layout
from tokbox.rest.resources.sip import SipAuth
from tokbox.rest.resources.storage import AzureStorage, S3Storage
from tokbox.rest.validation import integer, seconds, strings
from tokbox.transport.proxies import parse

ID = "d6f0f2a4-0000-4000-8000-000000000001"
URL = "https://example.com/hook"

#: Makes text and numbers of the types that are tried.
Kind = Callable[[Any], Any]

#: Calls with every argument that is text or a number, by the types of *t* and *n*.
CALLS: dict[str, Callable[[Tokbox, Kind, Kind], object]] = {
    "session": lambda tb, t, n: tb.new_session(
        t("203.0.113.7"),
        t("disabled"),
        t("always"),
        archive_name=t("weekly"),
        archive_resolution=t("1280x720"),
    ),
    "archive": lambda tb, t, n: tb.archives.start(
        t(SESSION),
        name=t("weekly"),
        output_mode=t("composed"),
        multi_archive_tag=t("tag"),
        has_transcription=True,
        transcription_properties=TranscriptionProperties(
            primary_language_code=t("en-US"), has_summary=True
        ),
        stream_mode=t("manual"),
        resolution=t("1280x720"),
        layout=t("custom"),
        stylesheet=t("stream {}"),
        max_bitrate=n(1_000_000),
    ),
    "archive quality": lambda tb, t, n: tb.archives.start(
        SESSION,
        quantization_parameter=n(20),
        layout=Layout(t("bestFit"), screenshare_type=t("pip")),
    ),
    "archives": lambda tb, t, n: tb.archives.list(
        offset=n(3), count=n(5), session_id=t(SESSION)
    ),
    "all archives": lambda tb, t, n: list(tb.archives.iter(t(SESSION), page_size=n(5))),
    "one archive": lambda tb, t, n: tb.archives.get(t(ID)),
    "storage": lambda tb, t, n: tb.archives.set_storage(
        S3Storage(
            access_key=t("a"),
            secret_key=t("b"),
            bucket=t("c"),
            endpoint=t("d"),
            sse=t("s3"),
        ),
        fallback=t("none"),
        certificate=t("-----BEGIN CERTIFICATE-----"),
    ),
    "other storage": lambda tb, t, n: tb.archives.set_storage(
        AzureStorage(
            account_name=t("a"), account_key=t("b"), container=t("c"), domain=t("d")
        )
    ),
    "broadcast": lambda tb, t, n: tb.broadcasts.start(
        t(SESSION),
        rtmp=RtmpTarget(t("rtmps://example.com/live"), t("key"), t("one")),
        max_duration=n(60),
        multi_broadcast_tag=t("tag"),
    ),
    "add": lambda tb, t, n: tb.broadcasts.add_stream(t(ID), t("stream")),
    "remove": lambda tb, t, n: tb.broadcasts.remove_stream(t(ID), t("stream")),
    "layout": lambda tb, t, n: tb.broadcasts.set_layout(t(ID), t("pip")),
    "classes": lambda tb, t, n: tb.streams.set_layout_classes(
        t(SESSION), {t("stream"): [t("focus"), t("full")]}
    ),
    "signal": lambda tb, t, n: tb.signals.send(
        t(SESSION), t("hello"), type=t("chat"), connection_id=t(ID)
    ),
    "disconnect": lambda tb, t, n: tb.moderation.disconnect(t(SESSION), t(ID)),
    "mute": lambda tb, t, n: tb.moderation.mute_all(
        t(SESSION), excluded_stream_ids=[t("stream")]
    ),
    "dial": lambda tb, t, n: tb.sip.dial(
        t(SESSION),
        t("sip:user@example.com"),
        token=t("T1==x"),
        from_=t("me@example.com"),
        headers={t("X-Room"): t("one")},
        auth=SipAuth(t("user"), t("word")),
        streams=[t("stream")],
    ),
    "tones": lambda tb, t, n: tb.sip.play_dtmf(t(SESSION), t("1p2#")),
    "captions": lambda tb, t, n: tb.captions.start(
        t(SESSION),
        token=t("T1==x"),
        language_code=t("en-US"),
        max_duration=n(300),
        status_callback_url=t(URL),
    ),
    "render": lambda tb, t, n: tb.renders.start(
        t(SESSION),
        t(URL),
        token=t("T1==x"),
        name=t("page"),
        resolution=t("1280x720"),
        max_duration=n(60),
        status_callback_url=t(URL),
    ),
    "socket": lambda tb, t, n: tb.audio_connectors.start(
        t(SESSION),
        WebSocket(
            t("wss://example.com/in"),
            streams=[t("stream")],
            headers={t("room"): t("one")},
            audio_rate=n(16_000),
            audio_transport=AudioTransport(
                transport=t("json"),
                encoding=t("base64"),
                audio_field=t("a"),
                receive_audio_field=t("b"),
            ),
        ),
        token=t("T1==x"),
    ),
    "socket at a URI": lambda tb, t, n: tb.audio_connectors.start(
        SESSION, t("wss://example.com/in"), token="T1==x"
    ),
    "callback": lambda tb, t, n: tb.callbacks.create(t("archive"), t("status"), t(URL)),
    "request": lambda tb, t, n: tb.request(
        t("POST"),
        t("{project}/new"),
        params={t("name"): t("a b"), "count": n(5)},
        form={t("name"): t("a&b")},
        headers={t("X-Trace"): t("one")},
    ),
}


def sent(call: Callable[[Tokbox, Kind, Kind], object], t: Kind, n: Kind) -> list[Any]:
    """Make a call, and return all that it sent."""
    script = Script(answers({**STARTED, "items": [], "count": 0}))
    # The answer is an archive, whatever was asked for.
    wrong = contextlib.suppress(errors.ProtocolError)
    with Tokbox(KEY, SECRET, transport=script) as tb, wrong:
        call(tb, t, n)
    assert script.requests
    return [
        (
            request.method,
            request.url,
            request.body,
            {k: v for k, v in request.headers.items() if k != "x-opentok-auth"},
        )
        for request in script.requests
    ]


@pytest.mark.parametrize("number", [Number, Index])
@pytest.mark.parametrize("text", [Disguised, member])
@pytest.mark.parametrize("name", CALLS)
def test_a_call_sends_the_exact_text_and_numbers_of_its_arguments(
    name: str, text: Kind, number: Kind
) -> None:
    assert sent(CALLS[name], text, number) == sent(CALLS[name], str, int)


@pytest.mark.parametrize("name", CALLS)
def test_a_call_sends_the_text_and_numbers_of_numpy(name: str) -> None:
    numpy = pytest.importorskip("numpy")
    assert sent(CALLS[name], numpy.str_, numpy.int64) == sent(CALLS[name], str, int)


@pytest.mark.parametrize("text", [Disguised, member])
def test_a_bad_text_is_refused_before_anything_is_sent(text: Kind) -> None:
    script = Script(answers(STARTED))
    with Tokbox(KEY, SECRET, transport=script) as tb:
        for call in (
            lambda: tb.new_session(text("203.0.113")),
            lambda: tb.archives.get(text("..")),
            lambda: tb.archives.start(text("1_none")),
            lambda: tb.archives.start(SESSION, resolution=text("1x1")),
            lambda: tb.sip.play_dtmf(SESSION, text("a")),
            lambda: tb.sip.dial(SESSION, "sip:a", headers={text("Evil"): "x"}),
            lambda: tb.sip.dial(SESSION, "sip:a", headers={"X-A": text("a\nb")}),
            lambda: tb.request("GET", text("//host/x")),
            lambda: tb.request("GET", "/x", headers={text("Host"): "x"}),
            lambda: tb.request("GET", "/x", headers={"X-A": text("a\nb")}),
            lambda: tb.callbacks.create("archive", "status", text("file:///etc/x")),
        ):
            with pytest.raises(errors.InvalidInputError):
                call()
    assert script.requests == []


@pytest.mark.parametrize("wrong", [True, bool_(1), ArrayOfNoDimensions(1), 1.0, "1"])
def test_booleans_and_arrays_are_no_whole_numbers(wrong: object) -> None:
    with pytest.raises(errors.InvalidInputError, match="whole number"):
        integer("count", wrong, 0)
    with Tokbox(KEY, SECRET, transport=Script(answers({}))) as tb:
        for call in (
            lambda: tb.archives.list(offset=wrong),  # type: ignore[arg-type]
            lambda: tb.archives.iter(page_size=wrong),  # type: ignore[arg-type]
            lambda: tb.with_options(retries=wrong),  # type: ignore[arg-type]
        ):
            with pytest.raises(errors.InvalidInputError, match="whole number"):
                call()


def test_a_page_begins_at_a_plain_number() -> None:
    with Tokbox(KEY, SECRET, transport=Script(answers({"items": [], "count": 9}))) as tb:
        page = tb.archives.list(offset=Index(3))  # type: ignore[arg-type]
    assert (type(page.offset), page.offset) == (int, 3)


@pytest.mark.parametrize("wrong", [True, bool_(1), ArrayOfNoDimensions(1)])
def test_booleans_and_arrays_are_no_parameters_of_a_request(wrong: Any) -> None:
    with Tokbox(KEY, SECRET, transport=Script(answers({}))) as tb:
        for options in (
            {"params": {"a": wrong}},
            {"form": {"a": wrong}},
            {"params": wrong},
        ):
            with pytest.raises(errors.InvalidInputError, match="mapping of str"):
                tb.request("POST", "/x", **options)  # type: ignore[arg-type]


def test_times_may_be_numbers_of_any_kind() -> None:
    for number in (Number(5), Index(5), 5, 5.0):
        found = seconds("timeout", number)
        assert (type(found), found) == (float, 5.0)
    for wrong in (True, bool_(1), ArrayOfNoDimensions(5), float("nan"), 0, 10**5000):
        with pytest.raises(errors.InvalidInputError, match="number of seconds"):
            seconds("timeout", wrong)


def test_an_array_without_dimensions_is_not_a_sequence_of_texts() -> None:
    with pytest.raises(errors.InvalidInputError, match="sequence of strings"):
        strings("streams", ArrayOfNoDimensions(1))


@pytest.mark.parametrize("text", [Disguised, member])
def test_options_are_held_as_exact_text(text: Kind) -> None:
    script = Script(answers({}))
    url = text("https://example.test/prefix/")
    with Tokbox(KEY, SECRET, url, transport=script, user_agent=text("rooms/2.1")) as tb:
        tb.request("GET", "/x")
    (request,) = script.requests
    assert request.url == "https://example.test/prefix/x"
    assert re.fullmatch(r"tokbox/\S+ python/\S+ rooms/2\.1", request.headers["user-agent"])
    assert parse(text("http://user:word@proxy.test:1")).url == "http://proxy.test:1"
    with pytest.raises(errors.InvalidInputError, match="user_agent"):
        Tokbox(KEY, SECRET, user_agent=text("a\nb"))


def test_the_parts_of_a_structure_are_held_as_exact_text() -> None:
    for part in (
        RtmpTarget(Disguised("rtmp://a.test"), Disguised("key"), Disguised("one")).id,
        SipAuth(Disguised("user"), Disguised("word")).username,
        Layout(Disguised("pip")).type,
        WebSocket(Disguised("wss://a.test")).uri,
    ):
        assert type(part) is str


def test_static_fields_are_copied_as_strings() -> None:
    for wrong in (Index(1), 1, b"a"):
        with pytest.raises(
            errors.InvalidInputError, match="static_fields must map strings"
        ):
            AudioTransport(static_fields={"a": wrong})  # type: ignore[dict-item]
    assert AudioTransport(static_fields={})._to_json() == {"static_fields": {}}
    transport = AudioTransport(static_fields={Disguised("a"): Disguised("b")})
    assert transport.static_fields is not None
    assert [type(part) for part in next(iter(transport.static_fields.items()))] == [
        str,
        str,
    ]
