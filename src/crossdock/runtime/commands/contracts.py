"""`crossdock contracts`: the documents that are generated from the contracts' structs."""

from __future__ import annotations

from pathlib import Path

from crossdock.gateway.documents import breaking_changes, documents, write_documents
from crossdock.runtime.console import OK, UNSOUND, finish, say

_STANDARD = Path("docs/reference")


def run(write: Path | None, as_json: bool) -> int:
    """Write the documents into a folder, or say what they are and what they would break.

    Raises:
        BreakingChange: a contract in the folder would be broken; nothing is written then.
    """
    if write is not None:
        changed = write_documents(write)
        for path in changed:
            say(f"written: {path}")
        say(f"{len(changed)} documents changed")
        finish({"changed": changed}, as_json=as_json)
        return OK
    names = sorted(documents())
    broken = breaking_changes(_STANDARD) if _STANDARD.is_dir() else []
    for name in names:
        say(name)
    for one in broken:
        say(f"BREAKS {one}")
    finish({"documents": names, "broken": broken}, as_json=as_json)
    return UNSOUND if broken else OK
