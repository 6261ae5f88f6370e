"""Errors are drawn as they are, carry stable codes, and say what to do."""

from __future__ import annotations

import re

import pytest

from crossdock.kernel import errors
from crossdock.kernel.invariants import require


def _tree(kind: type[errors.CrossdockError], level: int = 0) -> list[tuple[int, str, str]]:
    below = [child for child in kind.__subclasses__() if child.__module__ == errors.__name__]
    drawn = [(level, kind.__name__, kind.code)]
    return drawn + [line for child in below for line in _tree(child, level + 1)]


def test_the_drawing_is_the_tree() -> None:
    """The module's docstring shows every class at its place with its code."""
    lines = re.findall(r"^    ([ │├└─]*)([A-Z]\w+) +([a-z-]+)$", errors.__doc__ or "", re.MULTILINE)
    assert [(len(bars) // 4, name, code) for bars, name, code in lines] == _tree(
        errors.CrossdockError
    )


def test_codes_are_unique_and_plain() -> None:
    """Each error has a code of its own, of lower-case words and hyphens."""
    codes = [code for _, _, code in _tree(errors.CrossdockError)]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"[a-z]+(?:-[a-z]+)*", code) for code in codes)


def test_every_refusal_of_input_says_what_to_do() -> None:
    """A refused sender always gets a remedy, and a sentence even where the raiser gave none."""
    for _, name, _ in _tree(errors.BadInput):
        error = getattr(errors, name)()
        assert error.remedy
        assert error.detail.endswith(".")


def test_an_error_says_it_all_in_one_line() -> None:
    """Its text holds what, where, found, expected and the remedy."""
    error = errors.WrongShape("Bad", where="$.a", found="1", expected="2", remedy="do this")
    assert str(error) == "Bad; at $.a; found 1; expected 2; do this"


def test_a_broken_promise_is_named_with_its_evidence() -> None:
    """`require` passes what holds, and raises with name and redacted evidence what does not."""
    require(condition=True, name="stock is conserved")
    with pytest.raises(errors.InvariantBroken) as caught:
        require(False, "stock is conserved", total=3, api_key="k-123")
    assert str(caught.value).startswith(
        "stock is conserved; found total=3, api_key=[redacted]; keep the data"
    )
