"""The built site: links, external hosts, signatures, Markdown sources (``make docs``)."""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.pages import ROOT
from tools.markdown_sources import expand, llms_text, markdown_page, navigation

SITE = ROOT / "site"


class _Page(HTMLParser):
    """The IDs, links, loaded files and signatures of one page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.signatures: list[str] = []
        self._depth = 0
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        self.ids |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        loads = {"script": "src", "img": "src", "iframe": "src"}
        if tag == "link" and found.get("rel") != "canonical":
            loads["link"] = "href"
        if tag in loads and loads[tag] in found:
            self.loaded.append(found[loads[tag]])
        if self._depth or "doc-signature" in found.get("class", "").split():
            if not self._depth:
                self.signatures.append("")
            self._depth += tag == "div"

    def handle_endtag(self, tag: str) -> None:
        self._depth -= bool(self._depth) and tag == "div"

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.signatures[-1] += data


@pytest.fixture(scope="module")
def site() -> dict[Path, _Page]:
    if not (SITE / "index.html").exists():
        if "site" in os.environ.get("TOKBOX_REQUIRE", "").split(","):
            pytest.fail("there is no site: run `make docs`")
        pytest.skip("The built site is not tested: run `make docs`.")
    return {path: _Page(path) for path in SITE.rglob("*.html")}


def _internal(page: Path, link: str) -> tuple[Path, str] | None:
    """Return the file and the fragment that a link leads to, or None outside of the site."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    target = page if not parts.path else (page.parent / unquote(parts.path)).resolve()
    return (target / "index.html" if target.is_dir() else target), unquote(parts.fragment)


def test_every_internal_link_leads_to_a_file_and_an_anchor(site: dict[Path, _Page]) -> None:
    broken = []
    for page, content in site.items():
        if page.name == "404.html":
            continue  # Its links are absolute.
        for link in content.links:
            target = _internal(page, link)
            if target is None:
                continue
            file, fragment = target
            if not file.exists() or (
                fragment and file.suffix == ".html" and fragment not in site[file].ids
            ):
                broken.append(f"{page.name}: {link}")
    assert broken == []


def test_pages_load_nothing_from_other_hosts(site: dict[Path, _Page]) -> None:
    loaded = {url for content in site.values() for url in content.loaded}
    assert {url for url in loaded if urlsplit(url).netloc} == set()
    assert (SITE / "assets" / "mermaid.js").stat().st_size > 10**6


def test_signatures_have_public_names_only(site: dict[Path, _Page]) -> None:
    signatures = [text for content in site.values() for text in content.signatures]
    assert len(signatures) > 200
    private = re.compile(r"(?<![\w.])_[A-Za-z]\w*|\bUnpack\[")
    assert [text for text in signatures if private.search(text)] == []


def test_signatures_are_wrapped(site: dict[Path, _Page]) -> None:
    signatures = [text for content in site.values() for text in content.signatures]
    longest = max(len(line) for text in signatures for line in text.splitlines())
    assert longest <= 110


@pytest.mark.parametrize(
    ("page", "member"),
    [
        ("resources", "tokbox.types.LiveCaptions.get"),
        ("resources", "tokbox.types.Projects.get"),
        ("resources", "tokbox.types.Archives.iter"),
        ("client", "tokbox.Tokbox.with_options"),
        ("client", "tokbox.Session.tokens"),
        ("client", "tokbox.Account.request"),
        ("values", "tokbox.types.Archive.to_dict"),
        ("tokens", "tokbox.Signer.verify_many"),
    ],
)
def test_inherited_members_are_shown(
    site: dict[Path, _Page], page: str, member: str
) -> None:
    assert member in site[SITE / "reference" / f"{page}.html"].ids


def test_every_page_of_the_site_has_its_markdown_source(site: dict[Path, _Page]) -> None:
    pages = {page.relative_to(SITE).with_suffix(".md") for page in site}
    pages -= {Path("404.md")}
    assert {path for path in pages if not (SITE / path).exists()} == set()


# Markdown sources, which need no built site.


def _pages() -> set[str]:
    return {path for pages in navigation().values() for path in pages.values()}


def test_the_navigation_has_every_page() -> None:
    docs = ROOT / "docs"
    assert _pages() == {str(path.relative_to(docs)) for path in docs.rglob("*.md")}


@pytest.mark.parametrize(
    ("name", "text"), [("llms.txt", llms_text), ("markdown.md", markdown_page)]
)
def test_the_lists_of_pages_are_up_to_date(name: str, text: object) -> None:
    assert callable(text)
    written = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert written == text(), "run: python -m tools.markdown_sources"
    assert all(path in written for path in _pages())


def test_directives_of_the_reference_become_text() -> None:
    pytest.importorskip("griffe")
    text = expand(
        "# Tokens\n\n::: tokbox.decode\n    options:\n      heading_level: 3\n\nEnd\n"
    )
    assert "decode(token: 'str')" in text
    assert ":::" not in text
    assert "options:" not in text
    assert text.endswith("\nEnd\n")


@pytest.mark.parametrize("path", sorted(_pages()))
def test_no_directive_is_left_in_a_markdown_source(path: str) -> None:
    pytest.importorskip("griffe")
    text = expand((ROOT / "docs" / path).read_text(encoding="utf-8"))
    assert re.search(r"^:::", text, re.MULTILINE) is None
