"""A secret is in nothing that shows, copies or sends an object."""

from __future__ import annotations

import copy
import faulthandler
import gc
import io
import logging
import pickle
import pprint
import tempfile
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console
from rich.traceback import Traceback

from tests.support.applications import APPLICATION, private_pem
from tests.support.faulty import FaultyServer, answer
from tests.support.rest import KEY, SECRET, Script, traceback_of
from tokbox import Account, AsyncTokbox, PrivateKey, Tokbox, errors
from tokbox.rest.environment import credentials
from tokbox.tokens.signer import Signer
from tokbox.transport import Response, proxies
from tokbox.webhooks import Receiver

PROXY_PASSWORD = "canary0proxy0password"
WEBHOOK_SECRET = "canary0webhook0secret0canary0webhook"
ENVIRONMENT = {"TOKBOX_API_KEY": KEY, "TOKBOX_SECRET": SECRET}


def pem_lines() -> list[str]:
    return private_pem().splitlines()[1:-1]


def canaries() -> list[str]:
    """Return what must be nowhere: each secret, and each line of a private key."""
    return [SECRET, PROXY_PASSWORD, WEBHOOK_SECRET, *pem_lines()]


def assert_clean(text: str) -> None:
    assert [canary for canary in canaries() if canary in text] == []


def tokbox() -> Tokbox:
    return Tokbox(KEY, SECRET, proxy=f"http://me:{PROXY_PASSWORD}@127.0.0.1:1")


def application() -> Tokbox:
    return Tokbox.from_private_key(APPLICATION, private_pem())


HOLDERS: dict[str, Callable[[], Any]] = {
    "client": tokbox,
    "its-requester": lambda: tokbox()._requester,
    "its-auth": lambda: tokbox()._requester._auth,
    "its-archives": lambda: tokbox().archives,
    "its-session": lambda: tokbox().session(
        "1_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-UH5-"
    ),
    "application": application,
    "its-auth-header": lambda: application()._requester._auth,
    "account": lambda: Account("123456", SECRET),
    "async-client": lambda: AsyncTokbox(KEY, SECRET),
    "signer": lambda: Signer(KEY, SECRET),
    "key": lambda: Signer(KEY, SECRET)._backend,
    "signer-of-an-application": lambda: Signer.from_private_key(APPLICATION, private_pem()),
    "rsa-key": lambda: Signer.from_private_key(APPLICATION, private_pem())._backend,
    "private-key": lambda: PrivateKey(private_pem()),
    "receiver": lambda: Receiver(WEBHOOK_SECRET),
    "proxy": lambda: proxies.parse(f"http://me:{PROXY_PASSWORD}@127.0.0.1:1"),
    "credentials": lambda: credentials(ENVIRONMENT),
}


@pytest.fixture(params=HOLDERS)
def holder(request: pytest.FixtureRequest) -> Any:
    return HOLDERS[request.param]()


def test_objects_with_a_secret_do_not_show_it(holder: Any) -> None:
    assert_clean(f"{holder!r} {holder!s} {holder} {pprint.pformat(holder)} {[holder]}")


def test_objects_with_a_secret_have_no_dictionary(holder: Any) -> None:
    assert_clean(repr(getattr(holder, "__dict__", "")))


def test_objects_with_a_secret_are_not_pickled(holder: Any) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises((TypeError, AttributeError, pickle.PicklingError)) as caught:
            pickle.dumps(holder, protocol)
        assert_clean(str(caught.value))


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_objects_with_a_secret_are_not_copied(
    holder: Any, duplicate: Callable[[Any], Any]
) -> None:
    try:
        other = duplicate(holder)
    except TypeError as error:
        assert_clean(str(error))
    else:
        assert_clean(repr(other))


def failing() -> dict[str, Callable[[], object]]:
    """Return calls that fail with a secret in their hands, at every depth."""
    pem, secret = private_pem(), SECRET
    broken = pem.replace("\n", "\n*", 4)
    environment = {**ENVIRONMENT, "TOKBOX_RETRIES": "many"}
    proxy = f"http://me:{PROXY_PASSWORD}@127.0.0.1:x"
    script = Script(Response(403, {"set-cookie": secret}, b""))
    return {
        "option": lambda: Tokbox(KEY, SECRET, timeout=-1),
        "proxy": lambda: Tokbox(KEY, SECRET, proxy=proxy),
        "url": lambda: Tokbox(KEY, SECRET, f"https://user:{SECRET}@host"),
        "key": lambda: Tokbox("key", SECRET),
        "swapped": lambda: Tokbox(SECRET, KEY),
        "surrogate": lambda: Tokbox(KEY, SECRET + "\ud800"),
        "pem-for-a-secret": lambda: Tokbox(KEY, private_pem()),
        "application-option": lambda: Tokbox.from_private_key(
            APPLICATION, private_pem(), retries=-1
        ),
        "application-id": lambda: Tokbox.from_private_key("id", private_pem()),
        "pem": lambda: Tokbox.from_private_key(APPLICATION, broken),
        "secret-for-a-pem": lambda: Tokbox.from_private_key(APPLICATION, SECRET),
        "password": lambda: PrivateKey(private_pem(), password=SECRET),
        "account": lambda: Account("123456", SECRET, retries=-1),
        "environment": lambda: Tokbox.from_env(environment),
        "receiver": lambda: Receiver(WEBHOOK_SECRET, max_age=-1),
        "receiver-secret": lambda: Receiver(WEBHOOK_SECRET, ""),
        "refusal": lambda: Tokbox(KEY, SECRET, transport=script).archives.list(),
    }


@pytest.mark.parametrize("name", failing())
def test_a_traceback_with_locals_shows_no_secret(name: str) -> None:
    with pytest.raises(errors.TokboxError) as caught:
        failing()[name]()
    error = caught.value
    # The lowest frames are those of this test, which has to know the secret.
    assert error.__traceback__ is not None
    error.__traceback__ = error.__traceback__.tb_next
    assert_clean(traceback_of(error))
    assert_clean(rich_traceback(error))
    assert_clean(f"{error!r} {error!s} {vars(error)} {error.args}")
    assert_clean(pickle.dumps(error).decode("latin-1"))
    assert error.__context__ is None or error.__suppress_context__


def rich_traceback(error: BaseException) -> str:
    assert error.__traceback__ is not None
    below = error.__traceback__.tb_next
    shown = Traceback.from_exception(type(error), error, below, show_locals=True)
    page = io.StringIO()
    Console(file=page, width=2000).print(shown)
    return page.getvalue()


def test_a_call_that_fails_shows_no_secret_at_any_level_of_any_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(1)
    logging.getLogger("urllib3").setLevel(1)
    url = "http://api.example.test"
    with FaultyServer(answer(503)) as server:
        proxy = server.url.replace("//", f"//me:{PROXY_PASSWORD}@")
        with (
            Tokbox(KEY, SECRET, url, proxy=proxy, retries=1, allow_http=True) as tb,
            pytest.raises(errors.ServerError) as caught,
        ):
            tb.archives.get("a")
        header = server.requests[0].headers["x-opentok-auth"]
    assert {record.name.partition(".")[0] for record in caplog.records} == {
        "tokbox",
        "urllib3",
    }
    for text in (caplog.text, repr([vars(record) for record in caplog.records])):
        assert_clean(text)
        assert header not in text
    assert header not in traceback_of(caught.value)


def test_a_dump_of_all_frames_shows_no_secret() -> None:
    def dump(request: object) -> Response:
        faulthandler.dump_traceback(file, all_threads=True)
        return Response(200, {}, b'{"items": []}')

    with tempfile.TemporaryFile("w+") as file:
        with Tokbox(KEY, SECRET, transport=Script(dump)) as tb:
            tb.archives.list()
        file.seek(0)
        shown = file.read()
    assert "requester.py" in shown
    assert_clean(shown)


def test_no_object_that_a_client_keeps_contains_the_secret() -> None:
    with Tokbox(KEY, SECRET) as tb:
        seen: dict[int, Any] = {}
        queue: list[Any] = [tb]
        while queue:
            each = queue.pop()
            if id(each) in seen or isinstance(each, type) or callable(each):
                continue
            seen[id(each)] = each
            queue.extend(gc.get_referents(each))
        texts = [each for each in seen.values() if isinstance(each, str | bytes)]
    assert KEY in texts
    assert SECRET not in texts
    assert SECRET.encode() not in texts


def test_the_tracebacks_tested_above_contain_locals() -> None:
    def fail(canary: str) -> None:
        raise errors.InvalidInputError("x", None, "be another", show=False)

    with pytest.raises(errors.InvalidInputError) as caught:
        fail(SECRET)
    assert SECRET in traceback_of(caught.value)
    assert SECRET in rich_traceback(caught.value)
