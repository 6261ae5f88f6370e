"""SQL is data: statements in files of their own, each under the name in its header."""

from __future__ import annotations

import re
from pathlib import Path

_HEADER = re.compile(r"^-- ([a-z_]+) --$", re.MULTILINE)


def read_queries(text: str) -> dict[str, str]:
    """The statements of a file of `-- name --` headers, comments taken off."""
    parts = _HEADER.split(text)
    found = {}
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        kept = [line for line in body.splitlines() if not line.startswith("--")]
        found[name] = "\n".join(kept).strip().rstrip(";")
    return found


_FILES = ("queries.sql", "feeds.sql", "working.sql")

QUERIES = {
    name: statement
    for file in _FILES
    for name, statement in read_queries(
        (Path(__file__).parent / file).read_text(encoding="utf-8")
    ).items()
}
"""The statements of what is written, by name; one file a subject."""
