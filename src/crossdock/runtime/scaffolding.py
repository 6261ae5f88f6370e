"""A new connector's files: every file of the common shape, samples, a fake, the contract test.

What is written keeps the connector contract as it is, so that its author changes one thing at a
time and is told by the tests what it breaks.
"""

from __future__ import annotations

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from crossdock.kernel.errors import CrossdockError
from crossdock.kernel.redaction import shown

_NAME: Final = re.compile(r"\A[a-z][a-z0-9]*(?:_[a-z0-9]+)*\Z")
_PACKAGE: Final = "package"
_ENDING: Final = ".txt"  # so that no tool takes a template for a module


class BadConnectorName(CrossdockError):
    """A connector cannot be called so."""

    code = "bad-connector-name"
    expects = "lower-case letters, digits and single underscores, as a Python package: acme_wms"
    advice = "choose another name"


class FolderThere(CrossdockError):
    """Files of a new connector would be written over others."""

    code = "connector-folder-there"
    expects = "a folder that does not exist"
    advice = "name another folder, or remove this one"


def scaffold(name: str, folder: Path) -> list[Path]:
    """Write the files of a connector into a new folder; gives them, in order.

    Raises:
        BadConnectorName: no package can have this name.
        FolderThere: the folder exists; nothing was written.
    """
    if _NAME.fullmatch(name) is None:
        raise BadConnectorName(found=shown(name))
    if folder.exists():
        raise FolderThere(found=shown(str(folder)))
    made = []
    templates = _templates(files(__package__) / "scaffold", Path())
    for template, place in sorted(templates, key=lambda one: one[1]):
        path = folder / Path(*(_renamed(part, name) for part in place.parts))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_named(template, name), encoding="utf-8")
        made.append(path)
    return made


def _templates(inside: Traversable, place: Path) -> list[tuple[str, Path]]:
    """The text of each template, with its place."""
    found = []
    for one in inside.iterdir():
        if one.is_dir():
            found += _templates(one, place / one.name)
        elif one.name.endswith(_ENDING):
            path = place / one.name.removesuffix(_ENDING)
            found.append((one.read_text(encoding="utf-8"), path))
    return found


def _renamed(part: str, name: str) -> str:
    return name if part == _PACKAGE else _named(part, name)


def _named(text: str, name: str) -> str:
    words = name.split("_")
    return (
        text.replace("new_system", name)
        .replace("new-system", "-".join(words))
        .replace("NewSystem", "".join(word.capitalize() for word in words))
    )
