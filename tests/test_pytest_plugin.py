"""The plugin for pytest, in runs of their own as users start them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("uvicorn")


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder for the tests of a user; warnings are errors there."""
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        monkeypatch.delenv(name, raising=False)
    pytester.makeini("[pytest]\nfilterwarnings = error\n")
    return pytester


def run(
    project: pytest.Pytester, *options: str, loops: str = "no:asyncio"
) -> pytest.RunResult:
    """Run the tests of a project without the plugin for event loops that *loops* names."""
    return project.runpytest_subprocess("-p", "no:randomly", "-p", loops, *options)


def test_unused_plugin_imports_nothing_of_tokbox(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import sys

        def test_modules(request):
            assert request.config.pluginmanager.has_plugin("tokbox")
            assert not [name for name in sys.modules if name.partition(".")[0] == "tokbox"]
            assert not {"starlette", "uvicorn", "sqlite3"} & sys.modules.keys()
        """
    )
    run(project).assert_outcomes(passed=1)


def test_fixtures_are_clients_of_one_emulator(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        def test_project(tokbox_server, tokbox_client):
            session = tokbox_client.new_session()
            client = tokbox_server.connect(session, publish=True)
            session.signal(data="hello")
            assert [s.data for s in tokbox_server.signals(client=client)] == ["hello"]

        def test_account(tokbox_server, tokbox_account):
            assert [p.id for p in tokbox_account.projects.list()] == [tokbox_server.api_key]
        """
    )
    run(project).assert_outcomes(passed=2)


def test_emulator_stays_and_is_reset_before_each_test(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest
        import tokbox

        urls = set()

        @pytest.fixture(scope="module")
        def application(tokbox_server):
            return tokbox.Tokbox(tokbox_server.api_key, tokbox_server.secret, tokbox_server.url)

        @pytest.mark.parametrize("number", range(3))
        def test_alone(tokbox_server, application, number):
            urls.add(tokbox_server.url)
            assert len(urls) == 1
            assert tokbox_server.requests() == []
            assert tokbox_server.clock.offset_ms == 0
            tokbox_server.advance(60)
            tokbox_server.fail_next({"status": 503}, path="/v2/*")
            application.new_session()

        def test_requested_by_name(request):
            assert request.getfixturevalue("tokbox_server").requests() == []
        """
    )
    run(project).assert_outcomes(passed=4)


@pytest.mark.parametrize("where", ["command line", "configuration"])
def test_seed_gives_each_test_the_same_ids(project: pytest.Pytester, where: str) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("number", range(2))
        def test_session(tokbox_server, tokbox_client, number):
            client = tokbox_server.connect(tokbox_client.new_session())
            print()
            print("connection", client.connection_id)
        """
    )
    options = ["-s", "--tokbox-seed", "7"]
    if where == "configuration":
        project.makeini("[pytest]\ntokbox_seed = 7\n")
        options = ["-s"]
    results = [run(project, *options) for _ in range(2)]
    found = [
        line
        for result in results
        for line in result.outlines
        if line.startswith("connection ")
    ]
    assert len(found) == 4
    assert len(set(found)) == 1


@pytest.mark.parametrize(
    ("options", "ini", "strict"),
    [
        ([], "", False),
        (["--tokbox-strict"], "", True),
        ([], "tokbox_strict = true", True),
        (["-o", "tokbox_strict=false"], "tokbox_strict = true", False),
    ],
)
def test_strictness_is_an_option(
    project: pytest.Pytester, options: list[str], ini: str, strict: bool
) -> None:
    project.makeini(f"[pytest]\n{ini}\n")
    project.makepyfile(
        f"""
        import json
        import urllib.request

        def test_rules(tokbox_server):
            with urllib.request.urlopen(tokbox_server.url + "/_emulator") as answer:
                rules = json.load(answer)["rules"]
            assert rules["refuse_odd_methods"] is {strict}
        """
    )
    run(project, *options).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("options", "ini"), [(["--tokbox-seed", "-1"], ""), ([], "tokbox_seed = x")]
)
def test_invalid_seed_is_refused_at_the_start(
    project: pytest.Pytester, options: list[str], ini: str
) -> None:
    project.makeini(f"[pytest]\n{ini}\n")
    project.makepyfile("def test_nothing(): pass")
    result = run(project, *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*tokbox?seed*"])


def test_each_process_of_xdist_has_its_own_emulator(project: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    project.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("number", range(6))
        def test_alone(tokbox_server, tokbox_client, number):
            tokbox_client.new_session()
            assert len(tokbox_server.requests()) == 1
        """
    )
    run(project, "-n", "2").assert_outcomes(passed=6)


def test_async_client_works_with_pytest_asyncio(project: pytest.Pytester) -> None:
    pytest.importorskip("pytest_asyncio")
    loops = "asyncio_default_fixture_loop_scope = function"
    project.makeini(f"[pytest]\nfilterwarnings = error\n{loops}\n")
    project.makepyfile(
        """
        import pytest

        @pytest.mark.asyncio
        @pytest.mark.parametrize("number", range(2))
        async def test_session(tokbox_server, tokbox_async_client, number):
            session = await tokbox_async_client.new_session()
            tokbox_server.connect(session, publish=True)
            archive = await tokbox_async_client.archives.start(session.session_id)
            assert archive.status == "started"

        @pytest.mark.asyncio
        async def test_without_use(tokbox_async_client):
            pass
        """
    )
    run(project, loops="no:anyio").assert_outcomes(passed=3)


def test_async_client_works_with_the_plugin_of_anyio(project: pytest.Pytester) -> None:
    pytest.importorskip("anyio")
    project.makepyfile(
        """
        import pytest

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.anyio
        async def test_session(tokbox_async_client):
            assert await tokbox_async_client.new_session()
        """
    )
    run(project).assert_outcomes(passed=1)


def test_example_of_the_guide_runs(project: pytest.Pytester) -> None:
    guide = Path(__file__).parents[1] / "docs/guide/testing.md"
    (example,) = re.findall(
        r"^```python\n(def test_.*?)^```$", guide.read_text(encoding="utf-8"), re.M | re.S
    )
    project.makepyfile(example)
    run(project).assert_outcomes(passed=1)


def test_fixture_without_the_extra_names_it(project: pytest.Pytester) -> None:
    project.makeconftest("import sys; sys.modules['uvicorn'] = None")
    project.makepyfile("def test_server(tokbox_server): pass")
    result = run(project)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*pip install 'tokbox?emulator?'*"])
