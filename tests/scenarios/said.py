"""What the code can say: the words of its conditions and of its reasons against a message."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from crossdock import sagas


def unmet(patterns: Iterable[str], met: set[str]) -> list[str]:
    """The patterns that fit nothing that was met; there must be some, or code changed its ways."""
    asked = list(patterns)
    assert asked
    return [pattern for pattern in asked if not any(re.fullmatch(pattern, one) for one in met)]


def said_in_code(method: str, modules: str = "**/*.py") -> Iterator[str]:
    """The words that are the first argument of calls of a method in sagas, as patterns."""
    for module in sorted(Path(sagas.__file__).parent.glob(modules)):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr == method and node.args:
                yield from _patterns(node.args[0])


def _patterns(words: ast.expr) -> Iterator[str]:
    if isinstance(words, ast.Constant) and isinstance(words.value, str):
        yield re.escape(words.value)
    elif isinstance(words, ast.JoinedStr):
        yield "".join(
            re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".*"
            for part in words.values
        )
