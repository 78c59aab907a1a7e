"""The client as a whole: its settings, its environment, and what it never shows."""

from __future__ import annotations

import copy
import gc
import io
import logging
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError
from typing import Any

import pytest

import tokbox
from tests.rest.test_sessions import SESSION, answers
from tests.support.faulty import FaultyServer, answer, raw, reset
from tests.support.rest import KEY, SECRET, Script
from tokbox import Account, Signer, Tokbox, errors
from tokbox.rest.http import requester, telemetry


def test_the_real_service_is_the_default() -> None:
    with Tokbox(KEY, SECRET) as tb:
        assert tb.api_url == "https://api.opentok.com"


def test_a_client_without_options_loads_http_for_its_first_request() -> None:
    program = (
        "import sys, tokbox\n"
        f"tb = tokbox.Tokbox({KEY!r}, {SECRET!r})\n"
        "before = 'tokbox.rest.http.requester' in sys.modules\n"
        "tb.archives\n"
        "print(before, 'tokbox.rest.http.requester' in sys.modules)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "False True\n"


def test_threads_that_use_a_client_first_share_its_connections() -> None:
    tb = Tokbox(KEY, SECRET)
    with ThreadPoolExecutor(8) as threads:
        found = {threads.submit(lambda: id(tb._requester)).result() for _ in range(8)}
    assert len(found) == 1
    tb.close()


def test_a_wrong_log_level_is_refused_when_the_client_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TOKBOX_LOG", "everything")
    with pytest.raises(errors.InvalidInputError, match="TOKBOX_LOG"):
        Tokbox(KEY, SECRET)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("https://host/prefix//", "https://host/prefix"),
        ("https://host//", "https://host"),
        ("http://[::1]:5", "http://[::1]:5"),
    ],
)
def test_a_service_may_live_elsewhere(url: str, kept: str) -> None:
    script = Script(answers([{"session_id": SESSION}]))
    with Tokbox(KEY, SECRET, url, transport=script) as tb:
        tb.new_session()
    assert script.requests[0].url == f"{kept}/session/create"


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"api_url": "api.opentok.com"}, "api_url"),
        ({"api_url": "ftp://host"}, "api_url"),
        ({"api_url": "https://"}, "api_url"),
        ({"api_url": "https://host:port"}, "api_url"),
        ({"api_url": "https://host?x=1"}, "api_url"),
        ({"api_url": "https://host/#x"}, "api_url"),
        ({"api_url": "https://ho st"}, "api_url"),
        ({"api_url": "https://host\n"}, "api_url"),
        ({"api_url": "https://höst"}, "api_url"),
        ({"api_url": "https://host/é"}, "api_url"),
        ({"api_url": "https://host/a/../b"}, "api_url"),
        ({"api_url": "https://host/.."}, "api_url"),
        ({"api_url": "https://host/../"}, "api_url"),
        ({"api_url": "https://host/%2e%2e"}, "api_url"),
        ({"api_url": "https://host/%252e%252e/"}, "api_url"),
        ({"api_url": "https://host/%zz"}, "api_url"),
        ({"api_url": "https://host:0"}, "api_url"),
        ({"api_url": None}, "api_url"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": None}, "timeout"),
        ({"connect_timeout": float("inf")}, "connect_timeout"),
        ({"read_timeout": float("nan")}, "read_timeout"),
        ({"retries": -1}, "retries"),
        ({"retries": 2.0}, "retries"),
        ({"retries": True}, "retries"),
        ({"pool_size": 0}, "pool_size"),
        ({"proxy": "socks5://x"}, "proxy"),
        ({"trust_env": 1}, "trust_env"),
        ({"api_key": "abc"}, "api_key"),
        ({"secret": ""}, "secret"),
    ],
)
def test_a_bad_setting_is_refused(options: dict[str, Any], field: str) -> None:
    with pytest.raises(errors.InvalidInputError) as caught:
        Tokbox(**{"api_key": KEY, "secret": SECRET, **options})
    assert caught.value.field == field


def test_credentials_in_a_url_are_not_repeated() -> None:
    with pytest.raises(errors.InvalidInputError) as caught:
        Tokbox(KEY, SECRET, "https://user:canary@host")
    assert "canary" not in str(caught.value)
    assert caught.value.value is None


def test_a_client_signs_rows_and_verifies_many() -> None:
    with Tokbox(KEY, SECRET) as tb:
        roles, names, ends = ["publisher", "subscriber"], ["Ada", None], [3600, 60]
        classes = [["focus"], ""]
        batch = tb.sign_rows(
            SESSION,
            role=roles,
            connection_data=names,
            expiration=ends,
            initial_layout_class_list=classes,
            kind="jwt",
            multithread=True,
        )
        first, second = map(tb.verify, batch)
        assert (first.kind, first.role, first.connection_data) == (
            "jwt",
            "publisher",
            "Ada",
        )
        assert first.initial_layout_class_list == ("focus",)
        assert second.end_time - second.create_time == 60
        found = tb.verify_many([*batch, "T1=="], session_id=SESSION, multithread=True)
        assert [*found.failures] == [2]
        assert len(tb.verify_many(batch, now=second.end_time).failures) == 1
        some = tb.sign_rows([SESSION, "1_"], errors="null")
        assert (some[1], [*some.failures]) == (None, [1])
        pinned = tb.verify_many(tb.sign_rows([SESSION] * 2), session_id="1_")
        assert list(pinned) == [False, False]


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_client_cannot_be_duplicated(duplicate: Callable[[object], object]) -> None:
    with Tokbox(KEY, SECRET) as tb, pytest.raises(TypeError, match="holds a secret"):
        duplicate(tb)


def test_a_closed_client_sends_nothing() -> None:
    script = Script(answers([{"session_id": SESSION}]))
    with Tokbox(KEY, SECRET, transport=script) as tb:
        pass
    tb.close()
    with pytest.raises(errors.TokboxError, match="closed"):
        tb.new_session()
    assert script.requests == []
    assert script.closed == 2


def test_importing_and_signing_load_no_http() -> None:
    program = f"""
import sys, tokbox
def loaded():
    heavy = ("urllib3", "cryptography", "click", "starlette", "http.client", "ssl")
    return [name for name in heavy if name in sys.modules]
assert "tokbox.rest" not in sys.modules and not loaded(), loaded()
tokbox.Tokbox("{KEY}", "secret").session("{SESSION}").token()
assert "urllib3" not in sys.modules and "ssl" not in sys.modules, loaded()
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_all_is_exact() -> None:
    # The order is what the linter holds; here, that every name is there and public.
    assert len(set(tokbox.__all__)) == len(tokbox.__all__)
    for name in set(tokbox.__all__) - {"__version__"}:
        assert getattr(tokbox, name) is not None
    assert set(errors.__all__) <= set(tokbox.__all__)
    assert set(tokbox.__all__) <= set(dir(tokbox))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = tokbox.nonsense


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(reset(), id="reset"),
        pytest.param(raw(b"HTTP/1.1 200 OK\r\n\r\nnot json"), id="not-json"),
        pytest.param(answer(403, {"code": -1, "message": "No"}), id="forbidden"),
        pytest.param(answer(302, b"", {"Location": "http://127.0.0.1:1/"}), id="redirect"),
        pytest.param(answer(200, [{"session_id": SESSION}]), id="fine"),
    ],
)
def test_no_secret_shows_anywhere(
    fault: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = io.StringIO()
    with FaultyServer(fault) as server:
        tb = Tokbox(KEY, SECRET, server.url, trust_env=False, retries=0)
        print(repr(tb), str(tb), repr(tb.archives), file=shown)
        for kind in type(tb).__mro__:
            for name in getattr(kind, "__slots__", ()):
                print(repr(getattr(tb, name)), file=shown)
        try:
            print(repr(tb.new_session()), file=shown)
        except errors.TokboxError as error:
            report = traceback.TracebackException.from_exception(error, capture_locals=True)
            print(*report.format(), file=shown)
            print(pickle.dumps(error), vars(error), file=shown)
        tb.close()
        (request,) = server.requests
    header = request.headers["x-opentok-auth"]
    for text in (shown.getvalue(), caplog.text):
        assert SECRET not in text
        assert header not in text
        assert header.rpartition(".")[2] not in text


def test_a_client_that_is_forgotten_leaves_no_socket_open() -> None:
    # A socket left open would be a ResourceWarning, and those are errors here.
    with FaultyServer(answer(200, [{"session_id": SESSION}])) as server:
        tb = Tokbox(KEY, SECRET, server.url, trust_env=False)
        tb.new_session()
        del tb
        gc.collect()
        assert len(server.requests) == 1


@pytest.mark.parametrize("kind", [Tokbox, Account, Signer])
def test_an_uninitialised_object_has_a_repr(kind: type[object]) -> None:
    # A traceback with locals shows one when a constructor refuses an argument.
    assert repr(object.__new__(kind)) == f"<{kind.__name__}>"


def test_a_source_tree_that_is_not_installed_has_a_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", fail)
    telemetry.package_version.cache_clear()
    assert requester._product.__wrapped__().startswith("tokbox/0 python/")
    telemetry.package_version.cache_clear()
