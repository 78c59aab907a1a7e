"""Each block of code in README and docs runs as printed, in a fresh process."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, Block, blocks, files, indented
from tests.docs.service import Service, credentials, running_service, write_keys

#: Languages of blocks that are programs.
_PROGRAMS = {
    "python": [sys.executable, "-W", "error"],
    "sh": ["bash", "-euo", "pipefail"],
}
#: Languages of blocks that are no programs: data, diagrams, other languages.
_TEXTS = {"csv", "go", "json", "mermaid", "text"}
_ALL = [block for page in PAGES for block in blocks(page)]
_RUN = [b for b in _ALL if b.language in _PROGRAMS and not b.mark]
_NOT_RUN = [b for b in _ALL if b.mark.startswith("not run: ")]
#: Blocks that tests/integrations/test_recipes.py runs.
_ENGINES = [b for b in _ALL if b.mark.startswith("run with ")]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("certificate")) as service:
        yield service


def run(block: Block, service: Service, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a block in a process of its own, in *folder*, with the files of its page."""
    for name, text in files(block.page).items():
        if name != block.title:
            (folder / name).write_text(text, encoding="utf-8")
    write_keys(folder, service.server)
    program = folder / (block.title or "program")
    program.write_text(block.code, encoding="utf-8")
    command = list(_PROGRAMS[block.language])
    if block.language == "python" and "\ndef test_" in f"\n{block.code}":
        program = program.rename(folder / "test_program.py")
        command += ["-m", "pytest", "-q", "-p", "no:asyncio"]
    if block.page.startswith("docs/migrate/"):
        # The official SDKs warn, for example of keys that are too short.
        command = [part for part in command if part not in ("-W", "error")]
    application = block.page == "docs/migrate/vonage.md"
    return subprocess.run(
        [*command, str(program)],
        cwd=folder,
        env={
            **service.environment,
            **credentials(service.server, application=application),
            "HOME": str(folder),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("block", _RUN, ids=[block.id for block in _RUN])
def test_block_runs_as_printed(block: Block, service: Service, tmp_path: Path) -> None:
    if block.language == "sh" and shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    done = run(block, service, tmp_path)
    assert done.returncode == 0, done.stderr
    if block.language == "python" and not block.page.startswith("docs/migrate/"):
        assert done.stderr == ""


def test_blocks_that_are_not_run_have_a_reason_and_are_few() -> None:
    assert [block.id for block in _NOT_RUN if len(block.mark) < 20] == []
    assert len(_RUN) > 60
    # Raise this number only for a block that cannot run on a machine without a network.
    assert len(_NOT_RUN) <= 14


def test_every_block_is_a_program_or_a_known_kind_of_text() -> None:
    known = _PROGRAMS.keys() | _TEXTS
    assert [block.id for block in _ALL if block.language not in known] == []
    marked = {*_RUN, *_NOT_RUN, *_ENGINES}
    programs = {block for block in _ALL if block.language in _PROGRAMS}
    assert [block.id for block in programs - marked] == []


@pytest.mark.parametrize("page", PAGES)
def test_blocks_are_fenced(page: str) -> None:
    assert indented(page) == []


def test_the_readme_has_at_most_600_words_beside_code_and_figures() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    text = re.sub(r"<!-- measured -->.*<!-- /measured -->", "", text, flags=re.DOTALL)
    text = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    assert 300 < len(text.split()) <= 600
