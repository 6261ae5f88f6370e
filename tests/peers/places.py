"""Where the peers are installed, and whether they are."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

#: Another folder to install into, for whoever keeps it between clones.
VARIABLE = "CROSSDOCK_PEERS"


def folder() -> Path:
    """The folder that holds the installed programs and their seeded databases."""
    return Path(os.environ.get(VARIABLE, ROOT / ".peers"))


def tryton() -> Path:
    """Tryton's virtual environment."""
    return folder() / "tryton"


def vendure() -> Path:
    """The folder with Vendure's modules and our two files."""
    return folder() / "vendure"


def data() -> Path:
    """The data folder of the peers' database server."""
    return folder() / "data"


def seed_file() -> Path:
    """What Tryton's seeding made: ids and a key."""
    return folder() / "tryton.json"


def recipe() -> str:
    """A digest of all that decides what is installed and seeded."""
    files = sorted(
        path
        for path in HERE.rglob("*")
        if path.suffix in {".txt", ".json", ".js", ".py"}
        and (path.parent != HERE or path.name == "install.py")
    )
    digest = sha256()
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def installed() -> bool:
    """Whether what lies there is what this tree would install."""
    mark = folder() / "recipe"
    return mark.is_file() and mark.read_text() == recipe()
