"""Creating sessions."""

from __future__ import annotations

import base64
import json
import re
import xml.etree.ElementTree as ET

import pytest

from tests.support.emulator import APPLICATION, KEY, NOW, Api
from tokbox.emulator import Clock, Rules, serve
from tokbox.emulator.api.sessions import is_session_id, pacific_date

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def fields_of(session_id: str) -> list[str]:
    encoded = session_id[2:]
    padded = encoded + "=" * (-len(encoded) % 4)
    return base64.b64decode(padded, altchars=b"-_", validate=True).decode().split("~")


def test_reply_has_exactly_the_recorded_members(api: Api) -> None:
    (reply,) = api.request("POST", "/session/create", b"", headers=FORM).json()
    segment, session_id = reply.pop("session_segment_id"), reply.pop("session_id")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", segment)
    assert is_session_id(session_id)
    assert reply == {
        "project_id": KEY,
        "partner_id": KEY,
        "create_dt": "Fri Jan 15 00:00:00 PST 2027",
        "session_status": None,
        "status_invalid": None,
        "media_server_hostname": None,
        "messaging_server_url": None,
        "messaging_url": None,
        "symphony_address": None,
        "properties": None,
        "ice_server": None,
        "ice_servers": None,
        "ice_credential_expiration": 86100,
    }


@pytest.mark.trap(28)
def test_content_type_of_json_is_spelled_as_the_python_sdk_compares_it(api: Api) -> None:
    answer = api.request("POST", "/session/create", b"", headers=FORM)
    assert answer.headers["Content-Type"] == "application/json"


def test_session_id_has_the_modern_fields(api: Api) -> None:
    session_id = api.create_session(location="203.0.113.7")
    assert session_id[:2] in ("1_", "2_")
    one, key, location, created, nonce, *tail = fields_of(session_id)
    assert (one, key, location, created) == ("1", KEY, "203.0.113.7", str(NOW * 1000))
    assert re.fullmatch(r"[A-Za-z0-9+/]{24}", nonce)
    assert tail == ["", ""]


@pytest.mark.trap(32, 110)
@pytest.mark.parametrize("preference", ["enabled", "always"])
def test_relayed_session_carries_the_flag(api: Api, preference: str) -> None:
    assert fields_of(api.create_session(media=preference))[5:] == ["P", "", ""]


def test_application_is_named_by_its_id(application: Api) -> None:
    (reply,) = application.request("POST", "/session/create", b"").json()
    assert (reply["project_id"], reply["partner_id"]) == (APPLICATION, APPLICATION)
    one, tenant, location, created, nonce, *tail = fields_of(reply["session_id"])
    assert (one, tenant, location, created) == ("1", APPLICATION, "", str(NOW * 1000))
    assert len(nonce) == 24
    assert tail == ["", "", ""]
    assert 110 <= len(reply["session_id"]) <= 112


def test_session_ids_differ(api: Api) -> None:
    assert len({api.create_session() for _ in range(20)}) == 20


@pytest.mark.trap(29)
@pytest.mark.parametrize("accept", [None, "*/*", "text/xml", "application/json;q=0"])
def test_without_a_wish_for_json_the_answer_is_xml(api: Api, accept: str | None) -> None:
    answer = api.request("POST", "/session/create", b"", headers={"Accept": accept})
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/xml"
    root = ET.fromstring(answer.body)
    assert root.tag == "sessions"
    assert is_session_id(root.findtext("Session/session_id") or "")
    assert root.findtext("Session/partner_id") == KEY
    assert root.findtext("Session/create_dt") == "Fri Jan 15 00:00:00 PST 2027"


@pytest.mark.parametrize(
    "accept",
    ["application/json", "Application/JSON; charset=utf-8", "text/xml, application/json"],
)
def test_any_wish_for_json_is_heard(api: Api, accept: str) -> None:
    answer = api.request("POST", "/session/create", b"", headers={"Accept": accept})
    assert answer.json()[0]["partner_id"] == KEY


@pytest.mark.trap(30, 85)
@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=UTF-8",
        "Application/X-WWW-Form-Urlencoded",
        "text/plain",
    ],
)
def test_form_is_read_with_any_content_type(api: Api, content_type: str | None) -> None:
    answer = api.request(
        "POST",
        "/session/create",
        b"p2p.preference=enabled",
        headers={"Content-Type": content_type},
    )
    assert fields_of(answer.json()[0]["session_id"])[5] == "P"


@pytest.mark.trap(31, 33, 34)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"location=&archiveName=&archiveResolution=&p2p.preference=&archiveMode=&e2ee=",
        b"api_key=12345678&media_mode=routed&headers=%5Bobject+Object%5D",
        b"location=null&archiveMode=manual",
        b"e2ee=True",
        b"e2ee=False&archiveMode=manual",
        b"archiveMode=always&archiveName=n&archiveResolution=1080x1920",
        b'{"p2p.preference": "disabled"}',
        b"p2p.preference=enabled&archiveMode=always",
        b"archiveMode=always&archiveName=" + b"%F0%9F%98%80" * 80,
    ],
)
def test_requests_of_sdks_are_accepted(api: Api, body: bytes) -> None:
    assert api.request("POST", "/session/create", body, headers=FORM).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"p2p.preference=perhaps",
        b"archiveMode=sometimes",
        b"archiveMode=manual&archiveName=n",
        b"archiveName=n",
        b"archiveResolution=640x480",
        b"archiveMode=always&archiveResolution=640x481",
        b"archiveMode=always&archiveName=" + b"n" * 81,
        b"location=127.1",
        b"location=::1",
        b"location=example.org",
        b"e2ee=yes",
        b"e2ee=true&p2p.preference=enabled",
        b"e2ee=true&archiveMode=always",
        b"location=%FF",
        b"location=\xff",
    ],
)
def test_invalid_parameter_is_refused(api: Api, body: bytes) -> None:
    answer = api.request("POST", "/session/create", body, headers=FORM)
    assert answer.status == 400
    assert set(answer.json()) == {"code", "message", "description"}


@pytest.mark.parametrize(
    "body", [b"", b"location=203.0.113.7&e2ee=true", b"archiveMode=always&archiveName=a"]
)
def test_strict_rules_take_the_documented_parameters_only(body: bytes) -> None:
    rules = Rules(refuse_unknown_fields=True)
    with serve(strict=rules, clock=Clock(lambda: NOW)) as server:
        api = Api(server.url)
        assert api.request("POST", "/session/create", body).status == 200
        answer = api.request("POST", "/session/create", body + b"&api_key=12345678")
    assert answer.status == 400
    assert "'api_key'" in answer.json()["message"]


@pytest.mark.trap(40, 41)
@pytest.mark.parametrize("session_id", ["2_MX4xMDBfjE0Mzc2NzY1NDgwMTJ-TjMzfn4", "1_MX40"])
def test_ids_of_documentation_are_unknown_rather_than_malformed(
    api: Api, session_id: str
) -> None:
    assert api.project("GET", f"/session/{session_id}/stream").status == 404
    assert api.archives(f"?sessionId={session_id}") == {"count": 0, "items": []}


def test_xml_error_is_what_the_python_sdk_reads(api: Api) -> None:
    answer = api.request(
        "POST", "/session/create", b"location=%3C%26%22", headers={"Accept": None}
    )
    assert (answer.status, answer.headers["Content-Type"]) == (400, "text/xml")
    (error,) = ET.fromstring(answer.body).iter("error")
    assert error.attrib["code"] == "400"
    assert "IPv4" in error[0].attrib["message"]


@pytest.mark.trap(35)
@pytest.mark.parametrize(
    "path", ["/session/create/", "/hl/session/create", "/session/create"]
)
def test_every_spelling_of_the_path_works(api: Api, path: str) -> None:
    assert api.request("POST", path, b"").status == 200


def test_get_is_not_allowed(api: Api) -> None:
    answer = api.request("GET", "/session/create")
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1_700_000_000, "Tue Nov 14 14:13:20 PST 2023"),
        # The last second before and the first of daylight saving time, then its end.
        (1_710_064_799, "Sun Mar 10 01:59:59 PST 2024"),
        (1_710_064_800, "Sun Mar 10 03:00:00 PDT 2024"),
        (1_730_624_399, "Sun Nov 03 01:59:59 PDT 2024"),
        (1_730_624_400, "Sun Nov 03 01:00:00 PST 2024"),
    ],
)
def test_date_is_pacific_time(seconds: int, text: str) -> None:
    assert pacific_date(seconds * 1000 + 999) == text


@pytest.mark.trap(40)
@pytest.mark.parametrize(
    "session_id",
    [
        "1_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-UH5-",
        "2_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-fg",
        "1_MX40MDAwMDEyM34yMDMuMC4xMTMuN35UdWUgTm92IDE0IDE0OjEzOjIwIFBTVCAyMDIzfjAuMTIzNDU2Nzg5"
        "MDEyMzQ1fg",
    ],
)
def test_session_ids_of_every_age_are_recognised(session_id: str) -> None:
    assert is_session_id(session_id)


@pytest.mark.parametrize(
    "text", ["", "1_", "SESSIONID", "1_é", "1_" + "A" * 260, "1_MX4/", "1_=", "x_MX40"]
)
def test_other_text_is_not_a_session_id(text: str) -> None:
    assert not is_session_id(text)


def test_json_is_compact_and_one_array(api: Api) -> None:
    body = api.request("POST", "/session/create", b"").body
    assert isinstance(json.loads(body), list)
    assert b": " not in body
