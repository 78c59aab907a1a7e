"""Options of the emulator are converted to exact text and numbers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.emulator import Api
from tests.support.lookalikes import (
    ArrayOfNoDimensions,
    Disguised,
    Index,
    Number,
    bool_,
    member,
)
from tokbox import Tokbox
from tokbox.emulator import Clock, Rules, Server, create_app, serve
from tokbox.emulator.model.rules import make_rules
from tokbox.emulator.store.accounts import DEFAULT_APPLICATION_ID
from tokbox.emulator.store.webhook_outbox import check_webhooks
from tokbox.errors import InvalidInputError

KEY, SECRET = "40000123", "an0emulated0secret0of0forty0characters00"
WRONG = [True, bool_(1), ArrayOfNoDimensions(1), "1", None]


@pytest.mark.parametrize("text", [Disguised, member])
def test_projects_and_addresses_are_held_as_exact_text(text: Any) -> None:
    hooks = {KEY: {text("archive_status"): text("http://localhost/hook")}}
    with (
        serve(projects={text(KEY): text(SECRET)}, webhooks=hooks) as server,
        Tokbox(KEY, SECRET, server.url, trust_env=False) as tb,
    ):
        assert tb.new_session().session_id
    for given, expected in (
        (hooks[KEY], {"archive_status": "http://localhost/hook"}),
        ({text("signature_secret"): text("s")}, {"signature_secret": "s"}),
    ):
        found = check_webhooks(given)
        assert found == expected
        assert {type(part) for pair in found.items() for part in pair} == {str}
    assert make_rules(Rules(rtmp=text("object"))) == Rules(rtmp="object")


@pytest.mark.parametrize("text", [Disguised, member])
def test_an_application_is_known_by_its_exact_id(text: Any) -> None:
    app = create_app(applications={text(DEFAULT_APPLICATION_ID): None})
    assert app.state.emulator.accounts.application(DEFAULT_APPLICATION_ID) is not None
    for wrong in (text("x"), 5):
        with pytest.raises(InvalidInputError, match="UUID"):
            create_app(applications={wrong: None})


@pytest.mark.parametrize("text", [Disguised, member])
def test_bad_addresses_of_any_subclass_are_refused(text: Any) -> None:
    for wrong in (
        {text("archive_status"): "file:///x"},
        {"archive_status": text("file:///x")},
        {text("nothing"): "http://localhost/"},
        {5: "http://localhost/"},
        {"signature_secret": text("")},
    ):
        with pytest.raises(InvalidInputError):
            check_webhooks(wrong)


@pytest.mark.parametrize("whole", [Number, Index])
def test_numbers_of_any_kind_are_taken(whole: Any) -> None:
    app = create_app(seed=whole(5), processing_delay=whole(2))
    same = create_app(seed=5, processing_delay=2)
    ids = [one.state.emulator.ids for one in (app, same)]
    with app.state.emulator.store.transaction(), same.state.emulator.store.transaction():
        assert ids[0].uuid() == ids[1].uuid()
    assert make_rules(Rules(empty_session=whole(400))) == Rules(empty_session=400)


@pytest.mark.parametrize("wrong", WRONG[:-1])
def test_booleans_and_arrays_are_no_seeds_and_no_delays(wrong: Any) -> None:
    for field in ("seed", "processing_delay"):
        with pytest.raises(InvalidInputError) as caught:
            create_app(**{field: wrong})
        assert caught.value.field == field


@pytest.mark.parametrize("wrong", [1, bool_(1), Index(1), ArrayOfNoDimensions(1), "true"])
def test_a_switch_of_the_rules_is_true_or_false(wrong: Any) -> None:
    with pytest.raises(InvalidInputError, match="False or True"):
        make_rules(Rules(first_publish=wrong))


@pytest.mark.parametrize("whole", [Number, Index])
def test_records_are_filtered_by_numbers_of_any_kind(server: Server, whole: Any) -> None:
    api = Api(server.url)
    assert api.request("POST", "/session/create").status == 200
    server.fail_next({"status": whole(503), "delay": whole(0)}, times=whole(1))
    for status in (503, 200):
        assert api.request("POST", "/session/create").status == status
    entries = server.requests()
    assert server.requests(status=whole(503)) == [e for e in entries if e.status == 503]
    assert server.requests(after=whole(entries[0].number)) == entries[1:]
    assert server.messages(after=whole(0)) == server.messages()
    assert server.webhooks(after=whole(0)) == server.webhooks()


@pytest.mark.parametrize("wrong", [*WRONG, -1, 2**63])
def test_an_invalid_entry_number_is_refused(server: Server, wrong: Any) -> None:
    for call, options in (
        (server.requests, {"after": wrong}),
        (server.messages, {"after": wrong}),
        (server.webhooks, {"after": wrong}),
    ):
        with pytest.raises(InvalidInputError, match="after must be a whole number"):
            call(**options)  # type: ignore[operator]
    with pytest.raises(InvalidInputError, match="times must be a whole number"):
        server.fail_next({"drop": True}, times=wrong)


@pytest.mark.parametrize("text", [Disguised, member])
def test_a_clock_is_set_to_the_exact_text(text: Any) -> None:
    at = "2030-01-31T12:00:00Z"
    assert Clock.fixed(text(at)).now_ms() == Clock.fixed(at).now_ms()
    with pytest.raises(InvalidInputError, match="ISO 8601"):
        Clock.fixed(text("tomorrow"))
