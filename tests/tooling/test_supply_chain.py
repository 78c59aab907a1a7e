"""Releases: actions are pinned, jobs have few permissions, and publishing needs no secret."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))
if not WORKFLOWS:
    pytest.skip("there are no workflows here", allow_module_level=True)

_EACH = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
#: An action by the hash of its commit, and which release that is, for people and bots.
_PINNED = re.compile(r"[\w./-]+@[0-9a-f]{40} # v\d[\w.]*")


@_EACH
def test_actions_are_pinned_by_hash(path: Path) -> None:
    used = re.findall(r"\buses: *(.*)", path.read_text())
    assert used
    assert [action for action in used if not _PINNED.fullmatch(action)] == []


@_EACH
def test_a_job_has_only_its_declared_permissions(path: Path) -> None:
    text = path.read_text()
    assert re.search(r"^permissions: \{\}$", text, re.MULTILINE)
    assert text.count("persist-credentials: false") == text.count("actions/checkout@")
    # Publishing is trusted by name (OpenID Connect): there is no secret to be stolen.
    done = re.sub("#.*", "", text)
    assert not re.search(r"\bsecrets\.|\bpassword:|(?<!id-)token:", done)


def test_only_the_job_that_publishes_can_be_recognized_by_the_index() -> None:
    identified = [path.name for path in WORKFLOWS if "id-token: write" in path.read_text()]
    assert identified == ["wheels.yml"]
    before, _, job = (
        (ROOT / ".github/workflows/wheels.yml").read_text().partition("publish:")
    )
    assert "id-token" not in before
    assert "pypa/gh-action-pypi-publish@" in job
    assert "environment: release" in job
    assert "startsWith(github.ref, 'refs/tags/v')" in job


def test_wheels_are_built_for_every_python_that_is_promised() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    promised = re.findall(r'"Programming Language :: Python :: 3\.(\d+)"', project)
    build = re.search(r'^build = "(.*)"$', project, re.MULTILINE)
    assert build is not None
    assert promised == ["11", "12", "13", "14", "15"]
    free_threaded = ["cp314t-*", "cp315t-*"]
    assert build[1].split() == [*(f"cp3{minor}-*" for minor in promised), *free_threaded]


def test_the_address_for_vulnerability_reports_is_documented() -> None:
    said = (ROOT / "SECURITY.md").read_text()
    assert "in private" in said or "privately" in said
