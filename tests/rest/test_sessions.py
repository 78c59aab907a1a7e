"""Sessions: the requests, the results, and errors before anything is sent."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest

import tokbox
from tests.support.rest import KEY, SECRET, Script
from tokbox import ArchiveMode, MediaMode, errors
from tokbox.transport import Response

SESSION = "1_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-UH5-"
FOREIGN = "1_MX40MDAwMDEyNH5-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-UH5-"
CREATED = {
    "session_id": SESSION,
    "project_id": KEY,
    "partner_id": KEY,
    "create_dt": "Tue Nov 14 14:13:20 PST 2023",
    "session_status": None,
    "media_server_url": "",
    "ice_server": None,
}

Make = Callable[..., tuple[tokbox.Tokbox, Script]]


def answers(body: object) -> Response:
    return Response(200, {"content-type": "application/json"}, json.dumps(body).encode())


@pytest.fixture
def make() -> Make:
    def make(*outcomes: Any, **options: Any) -> tuple[tokbox.Tokbox, Script]:
        script = Script(*outcomes or [answers([CREATED])])
        return tokbox.Tokbox(KEY, SECRET, transport=script, **options), script

    return make


def sent(script: Script) -> dict[str, str]:
    (request,) = script.requests
    assert (request.method, request.path) == ("POST", "/session/create")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["accept"] == "application/json"
    assert request.body is not None
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


@pytest.mark.trap(42)
def test_the_defaults_are_routed_and_manual(make: Make) -> None:
    tb, script = make()
    tb.new_session()
    assert sent(script) == {"p2p.preference": "disabled", "archiveMode": "manual"}


def test_positions_are_those_of_the_go_library(make: Make) -> None:
    tb, script = make()
    tb.new_session("203.0.113.7", MediaMode.P2P, ArchiveMode.MANUAL)
    assert sent(script) == {
        "location": "203.0.113.7",
        "p2p.preference": "enabled",
        "archiveMode": "manual",
    }


def test_plain_strings_do_as_well(make: Make) -> None:
    tb, script = make()
    tb.new_session(
        media_mode="disabled",
        archive_mode="always",
        archive_name="week 1 & é",
        archive_resolution="1280x720",
    )
    assert sent(script) == {
        "p2p.preference": "disabled",
        "archiveMode": "always",
        "archiveName": "week 1 & é",
        "archiveResolution": "1280x720",
    }


@pytest.mark.parametrize(
    ("mode", "sent_as"),
    [
        ("routed", "disabled"),
        ("relayed", "enabled"),
        ("p2p", "enabled"),
        ("enabled", "enabled"),
        (MediaMode.ROUTED, "disabled"),
        (MediaMode.RELAYED, "enabled"),
    ],
)
def test_a_media_mode_is_accepted_by_its_name_and_by_its_wire_value(
    mode: str, sent_as: str, make: Make
) -> None:
    tb, script = make()
    tb.new_session(media_mode=mode)
    assert sent(script)["p2p.preference"] == sent_as
    assert MediaMode(mode) == sent_as


def test_encryption_needs_a_routed_session_by_any_name(make: Make) -> None:
    tb, script = make()
    for mode in ("relayed", "p2p"):
        with pytest.raises(
            errors.InvalidInputError, match="e2ee must be False in a relayed"
        ):
            tb.new_session(e2ee=True, media_mode=mode)
    tb.new_session(e2ee=True, media_mode="routed")
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"media_mode": "x"},
            'media_mode \'x\' is not valid: use "routed" or "relayed"',
        ),
        (
            {"archive_mode": "never"},
            'archive_mode \'never\' is not valid: use "manual" or "always"',
        ),
    ],
)
def test_the_message_for_a_wrong_mode_names_the_valid_ones(
    options: dict[str, Any], message: str, make: Make
) -> None:
    with pytest.raises(errors.InvalidInputError) as caught:
        make()[0].new_session(**options)
    assert str(caught.value) == message
    assert str(pickle.loads(pickle.dumps(caught.value))) == message


@pytest.mark.parametrize("location", [None, ""])
def test_no_location_is_sent_without_one(location: str | None, make: Make) -> None:
    tb, script = make()
    tb.new_session(location, MediaMode.ROUTED)
    assert "location" not in sent(script)


def test_encryption_is_requested(make: Make) -> None:
    tb, script = make()
    tb.new_session(e2ee=True)
    assert sent(script)["e2ee"] == "true"


def test_a_session_has_the_fields_of_the_response(make: Make) -> None:
    session = make()[0].new_session()
    assert session.session_id == str(session) == SESSION
    assert session.to_dict()["project_id"] == session.to_dict()["partner_id"] == KEY
    assert session.to_dict()["create_dt"] == "Tue Nov 14 14:13:20 PST 2023"
    assert session.to_dict()["session_status"] is None
    assert session.to_dict()["media_server_url"] == ""


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"location": "127.1"}, "location"),
        ({"location": "256.0.0.1"}, "location"),
        ({"location": "01.2.3.4"}, "location"),
        ({"location": "1.2.3.4 "}, "location"),
        ({"location": "1.2.3.4\n"}, "location"),
        ({"location": "::1"}, "location"),
        ({"media_mode": "relay"}, "media_mode"),
        ({"media_mode": "ROUTED"}, "media_mode"),
        ({"media_mode": None}, "media_mode"),
        ({"media_mode": ["routed"]}, "media_mode"),
        ({"media_mode": True}, "media_mode"),
        ({"archive_mode": "ALWAYS"}, "archive_mode"),
        ({"archive_mode": None}, "archive_mode"),
        ({"archive_name": "x"}, "archive_name"),
        ({"archive_mode": "always", "archive_name": ""}, "archive_name"),
        ({"archive_mode": "always", "archive_name": "x" * 81}, "archive_name"),
        ({"archive_mode": "always", "archive_name": "\ud800"}, "archive_name"),
        ({"archive_mode": "always", "archive_name": 5}, "archive_name"),
        ({"archive_resolution": "640x480"}, "archive_resolution"),
        ({"archive_mode": "always", "archive_resolution": "1x1"}, "archive_resolution"),
        ({"e2ee": "true"}, "e2ee"),
        ({"e2ee": 1}, "e2ee"),
        ({"e2ee": True, "media_mode": "enabled"}, "e2ee"),
        ({"e2ee": True, "archive_mode": "always"}, "e2ee"),
        ({"timeout": 0}, "timeout"),
    ],
)
def test_a_bad_argument_is_refused_before_anything_is_sent(
    options: dict[str, Any], field: str, make: Make
) -> None:
    tb, script = make()
    with pytest.raises(errors.InvalidInputError) as caught:
        tb.new_session(**options)
    assert caught.value.field == field
    assert script.requests == []


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        None,
        [None],
        [{}],
        [{"session_id": ""}],
        [{"session_id": 5}],
        "x",
        [[SESSION]],
    ],
)
def test_an_answer_without_a_session_is_a_protocol_error(body: object, make: Make) -> None:
    tb, _ = make(answers(body))
    with pytest.raises(errors.ProtocolError, match="has no session"):
        tb.new_session()


def test_an_unusable_session_is_a_protocol_error(make: Make) -> None:
    tb, _ = make(answers([{"session_id": FOREIGN}]))
    with pytest.raises(errors.ProtocolError, match="cannot be used"):
        tb.new_session()


@pytest.mark.trap(43)
def test_relayed_and_always_archived_is_sent_with_one_warning() -> None:
    # In a process of its own: the warning comes once in the life of one.
    program = textwrap.dedent(
        f"""
        import warnings
        import tokbox
        from tokbox.transport import Response

        class Canned:
            bodies = []
            def send(self, request):
                self.bodies.append(request.body)
                return Response(200, {{}}, b'[{{"session_id": "{SESSION}"}}]')
            def close(self):
                pass

        canned = Canned()
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            for _ in range(3):
                with tokbox.Tokbox("{KEY}", "secret", transport=canned) as tb:
                    tb.new_session("", tokbox.MediaMode.P2P, tokbox.ArchiveMode.ALWAYS)
        assert [w.category for w in seen] == [tokbox.ArchivingNeedsMediaRouterWarning], seen
        assert seen[0].filename == "<string>", seen[0].filename
        assert canned.bodies == [b"p2p.preference=enabled&archiveMode=always"] * 3
        """
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_sensible_sessions_do_not_warn(make: Make) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make()[0].new_session("", MediaMode.P2P, ArchiveMode.MANUAL)
        make()[0].new_session("", MediaMode.MEDIA_ROUTER, ArchiveMode.ALWAYS)


def test_a_stored_id_becomes_a_session_without_a_request(make: Make) -> None:
    tb, script = make()
    session = tb.session(SESSION)
    assert session.session_id == SESSION
    assert session.to_dict()["project_id"] == session.to_dict()["partner_id"] == KEY
    assert session.to_dict()["create_dt"] is None
    assert script.requests == []


@pytest.mark.parametrize("session_id", ["", None, 5, "x", "1_", FOREIGN, SESSION + "é"])
def test_a_stored_id_must_be_of_this_project(session_id: Any, make: Make) -> None:
    with pytest.raises(errors.InvalidClaimsError) as caught:
        make()[0].session(session_id)
    assert caught.value.field == "session_id"


def test_tokens_contain_the_given_claims(make: Make) -> None:
    tb, _ = make()
    session = tb.session(SESSION)
    token = session.token(
        tokbox.Role.MODERATOR, "a=b", tokbox.HOURS_2, initial_layout_class_list=["focus"]
    )
    claims = tb.verify(token, session_id=SESSION)
    assert claims.role == "moderator"
    assert claims.connection_data == "a=b"
    assert claims.expire_time == claims.create_time + tokbox.HOURS_2
    assert claims.initial_layout_class_list == ("focus",)


def test_every_way_to_many_tokens_gives_the_same_kind(make: Make, tmp_path: Any) -> None:
    tb, _ = make()
    session = tb.session(SESSION)
    options = {"role": "subscriber", "connection_data": "x", "expiration": 60}
    path = tmp_path / "tokens.txt"
    assert session.write_tokens(path, 3, **options) == 3
    ways = [
        session.tokens(3, True, "subscriber", "x", 60),
        session.tokens(3, **options),
        list(
            session.token_batch(
                3, multithread=True, role="subscriber", connection_data="x", expiration=60
            )
        ),
        list(session.token_batch(3, **options)),
        [token for batch in session.iter_batches(3, chunk=2, **options) for token in batch],
        path.read_text().split(),
    ]
    for tokens in ways:
        assert len(set(tokens)) == 3
        for token in tokens:
            claims = tb.verify(token)
            assert (claims.role, claims.connection_data) == ("subscriber", "x")


def test_pickling_a_session_fails_with_advice(make: Make) -> None:
    session = make()[0].session(SESSION)
    with pytest.raises(TypeError, match=r"tb\.session\(\)"):
        pickle.dumps(session)
    assert copy.copy(session) is copy.deepcopy(session) is session


def test_a_session_turns_into_json(make: Make) -> None:
    data = json.loads(json.dumps(make()[0].new_session().to_dict()))
    assert data == {name: value for name, value in CREATED.items() if name != "ice_server"}


def test_equal_ids_are_equal_sessions(make: Make) -> None:
    tb, _ = make()
    assert tb.session(SESSION) == tb.session(SESSION)
    assert len({tb.session(SESSION), tb.session(SESSION)}) == 1
