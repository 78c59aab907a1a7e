"""Every Python block of the documentation runs, page by page, against the emulator."""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import re
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

import tokbox
from tests.contract.test_vonage_python import Plain
from tests.support.applications import public_pem
from tests.support.contract import UNKNOWN, join_with
from tests.support.payloads import ARCHIVE
from tests.webhooks.test_receiver import signed
from tokbox.emulator import Clock, Server, serve
from tokbox.rest.aio import AsyncTokbox

ROOT = Path(__file__).parents[2]
#: What it needs is made by another test: tests/integrations/test_recipes.py.
ELSEWHERE = {"docs/data.md"}
DOCS = {str(path.relative_to(ROOT)) for path in ROOT.glob("docs/**/*.md")}
PAGES = sorted(DOCS - ELSEWHERE)

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECRET = "example0signature0secret"


def blocks(page: str) -> list[tuple[int, str]]:
    """Return the Python blocks of a page, each with the number of its first line."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [(text.count("\n", 0, b.start(1)) + 1, b[1]) for b in _BLOCK.finditer(text)]


WITH_CODE = [page for page in PAGES if blocks(page)]


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(processing_delay=0) as server:
        yield server


@pytest.fixture
def world(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the pages are true: the service is the emulator, keys lie where they are said
    to be, and whoever is expected in a session has joined it."""
    key = load_pem_private_key(server.private_key.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    (tmp_path / "private.key").write_text(server.private_key)
    (tmp_path / "public.pem").write_text(public_pem(key))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKBOX_API_KEY", server.api_key)
    monkeypatch.setenv("TOKBOX_SECRET", server.secret)
    monkeypatch.setenv("TOKBOX_API_URL", server.url)
    for kind in (tokbox.Tokbox, AsyncTokbox):
        for method in map(inspect.unwrap, (kind.__init__, kind.from_private_key)):
            monkeypatch.setattr(method, "__defaults__", (server.url,))

    create = tokbox.Tokbox.new_session

    def create_and_join(client: tokbox.Tokbox, *args: Any, **options: Any) -> Any:
        session = create(client, *args, **options)
        if client.api_url == server.url:
            join_with(server, session.session_id, session.token(kind="jwt"))
        return session

    monkeypatch.setattr(tokbox.Tokbox, "new_session", create_and_join)


@pytest.fixture
def official(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The official SDKs, which find the emulator where they look for the service."""
    import opentok
    from vonage_http_client import HttpClient, HttpClientOptions

    start = opentok.Client.__init__
    monkeypatch.setattr(start, "__defaults__", (server.url, *start.__defaults__[1:]))
    make = HttpClient.__init__

    def found(client: Any, auth: Any) -> None:
        make(client, auth, HttpClientOptions(video_host=server.url.removeprefix("http://")))
        client._session.mount("https://", Plain())

    monkeypatch.setattr(HttpClient, "__init__", found)


def given(server: Server) -> dict[str, Any]:
    """What the pages take for granted: names that every reader has of his own."""
    tb = tokbox.Tokbox(server.api_key, server.secret, server.url, trust_env=False)
    session = tb.new_session()
    joined = join_with(server, session.session_id, session.token())
    application = tokbox.Tokbox.from_private_key(
        server.application_id, "private.key", trust_env=False
    )
    archive = session.start_archive()
    tb.archives.stop(archive.id)
    body = json.dumps(ARCHIVE).encode()
    names = {name: getattr(tokbox, name) for name in tokbox.__all__}
    return names | {
        "Clock": Clock,
        "account_key": server.account_key,
        "account_secret": server.account_secret,
        "api_key": server.api_key,
        "application_id": server.application_id,
        "archive_id": archive.id,
        "body": body,
        "headers": signed(body, SECRET, iat=int(time.time())),
        "names": ["name=Ada", "name=Grace"] * 5,
        "password": "canary",
        "pool": urllib3.PoolManager(),
        "roles": ["publisher", "moderator"] * 5,
        "secret": server.secret,
        "session": session,
        "session_id": session.session_id,
        "session_ids": [session.session_id] * 10,
        "signature_secret": SECRET,
        "speaker": joined["streamId"],
        "stream_key": "key",
        "tb": tb,
        "time": time,
        "their_token": application.new_session().token(),
        "timedelta": timedelta,
        "token": session.token(),
        "tokens": session.tokens(10),
        "tokbox": tokbox,
        "unknown": UNKNOWN,
        "url": "rtmp://example.com/live",
    }


def concrete(source: str, names: dict[str, Any]) -> str:
    """A block with values for what it leaves to the reader, and numbers that a test can
    wait for."""
    for said, meant in {
        "<api key>": names["api_key"],
        "<secret>": names["secret"],
        "<application id>": names["application_id"],
        "1_MX4...": names["session_id"],
        "http://localhost:8000/hook": "http://127.0.0.1:9/hook",
        "100_000_000": "20_000",
        "1_000_000": "2_000",
    }.items():
        source = source.replace(said, meant)
    return source


def run(source: str, line: int, page: str, names: dict[str, Any]) -> None:
    """Run a block in *names*, with its lines numbered as on its page."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code = compile("\n" * (line - 1) + source, page, "exec", flags=flags)
    done = eval(code, names)
    if inspect.iscoroutine(done):
        asyncio.run(done)


@pytest.mark.filterwarnings("default::tokbox.ArchivingNeedsMediaRouterWarning")
@pytest.mark.parametrize("page", WITH_CODE)
def test_python_on_the_page_runs(
    page: str, world: None, server: Server, request: pytest.FixtureRequest
) -> None:
    with warnings.catch_warnings():
        if page.startswith("docs/migrate/"):
            request.getfixturevalue("official")
            # Not ours to change: they sign with short keys, for example.
            warnings.simplefilter("ignore")
        names = given(server)
        for line, source in blocks(page):
            run(concrete(source, names), line, page, names)


def test_the_pages_that_have_code_are_found() -> None:
    assert {"docs/tutorial.md", "docs/guide/tokens.md"} <= set(WITH_CODE)


@pytest.mark.parametrize("source", _BLOCK.findall(README))
def test_each_block_of_the_readme_runs_as_printed(source: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(source)
    with serve() as server:
        done = subprocess.run(
            [sys.executable, "-W", "error", "program.py"],
            cwd=tmp_path,
            env={
                "TOKBOX_API_KEY": server.api_key,
                "TOKBOX_SECRET": server.secret,
                "TOKBOX_API_URL": server.url,
            },
            capture_output=True,
            text=True,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_the_readme_has_at_most_600_words_beside_code_and_figures() -> None:
    measured = r"<!-- measured -->.*<!-- /measured -->"
    code = r"^```.*?^```$|^    .*?$"
    text = re.sub(measured, "", README, flags=re.DOTALL)
    text = re.sub(code, "", text, flags=re.DOTALL | re.MULTILINE)
    assert 300 < len(text.split()) <= 600
