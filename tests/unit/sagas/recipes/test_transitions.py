"""The table of transitions, written out: every state of a step and everything that it can meet."""

from __future__ import annotations

from pathlib import Path

from crossdock.sagas.recipes.saga import StepState
from crossdock.sagas.recipes.transitions import Happening, moved, unreached

TABLE = Path(__file__).with_name("transitions.txt")


def written() -> dict[tuple[str, str], str]:
    """The rows of the text table."""
    found = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            told, _, then = line.partition("->")
            state, met = told.split()
            found[state, met] = then.strip()
    return found


def test_every_pair_is_written_down_and_goes_as_it_is_written() -> None:
    """No transition that the table does not name, and none that is missing in it."""
    code = {}
    for state in StepState:
        for met in Happening:
            then = moved(state, met)
            code[state.value, met.value] = "-" if then is None else then.value
    assert written() == code


def test_every_state_is_reached() -> None:
    """No state that a step can never stand in."""
    assert unreached() == []
