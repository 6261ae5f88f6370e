"""The root of every error that Crossdock raises on purpose: catch one class, read one stable code."""

from __future__ import annotations

from typing import ClassVar


class CrossdockError(Exception):
    """The root of the tree: one sentence saying where, what was found, what was expected, what to do."""

    code: ClassVar[str] = "crossdock"
