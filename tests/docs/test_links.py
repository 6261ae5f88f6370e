"""Links, anchors and file names in the pages lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, anchors, links, name_of, pages, prose
from tests.tidy import scan

FILE = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|sql|md|toml|json))`")


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """Each link within the project leads to a file, and its fragment to a heading there."""
    lost = []
    for link in links(page):
        path, _, fragment = link.partition("#")
        if ":" in path:
            continue
        target = (page.parent / path).resolve() if path else page
        is_there = target.exists() and target.is_relative_to(ROOT)
        if not is_there or (fragment and fragment not in anchors(target)):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_files_named_are_there(page: Path) -> None:
    """Each file named in code is found from the root, from the package or from the page."""
    places = (ROOT, scan.SOURCE, page.parent)
    named = FILE.findall(prose(page))
    assert [name for name in named if not any((place / name).exists() for place in places)] == []


def test_every_page_can_be_reached() -> None:
    """From the README a reader can click to each page of the documentation."""
    reached: set[Path] = set()
    ahead = [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        ahead += [
            (page.parent / path).resolve()
            for path in (link.partition("#")[0] for link in links(page))
            if path and ":" not in path and (page.parent / path).is_file()
        ]
    assert [name_of(page) for page in pages() if page not in reached] == []
