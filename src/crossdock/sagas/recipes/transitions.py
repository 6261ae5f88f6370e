"""How a step comes to stand otherwise: one literal table, and what is not in it changes nothing.

What is not in it is recorded all the same: the message is on the log and applied. So a duplicate,
an answer before its step and one after its time are all told without a rule of their own.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from crossdock.sagas.recipes.saga import StepState

_S = StepState


class Happening(StrEnum):
    """What a step can meet."""

    BEGUN = "begun"  # its turn has come: it is told, or watched for
    NOBODY = "nobody"  # its turn has come, and nobody is to be told
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"  # its effect may have been done, and waits for a person
    TIME_UP = "time_up"
    SKIPPED = "skipped"  # by a person
    RETRIED = "retried"  # by a person
    DROPPED = "dropped"  # the instance goes back, and it was not asked for
    BACKED = "backed"  # the instance goes back, and its turn has come: its undo is told
    UNDO_DONE = "undo_done"
    UNDO_NOTHING = "undo_nothing"  # there was nothing to undo
    UNDO_REFUSED = "undo_refused"
    UNDO_UNKNOWN = "undo_unknown"


_H = Happening

TRANSITIONS: Final[dict[tuple[StepState, Happening], StepState]] = {
    # A fact counts whenever it comes, also before its turn.
    (_S.WAITING, _H.BEGUN): _S.ASKED,
    (_S.WAITING, _H.NOBODY): _S.LEFT_OUT,
    (_S.WAITING, _H.DONE): _S.DONE,
    (_S.WAITING, _H.SKIPPED): _S.LEFT_OUT,
    (_S.ASKED, _H.DONE): _S.DONE,
    (_S.ASKED, _H.REFUSED): _S.REFUSED,
    (_S.ASKED, _H.UNKNOWN): _S.UNKNOWN,
    (_S.ASKED, _H.TIME_UP): _S.SILENT,
    (_S.ASKED, _H.NOBODY): _S.LEFT_OUT,
    (_S.ASKED, _H.SKIPPED): _S.LEFT_OUT,
    (_S.PAUSED, _H.TIME_UP): _S.ASKED,
    (_S.PAUSED, _H.DONE): _S.DONE,
    (_S.PAUSED, _H.SKIPPED): _S.LEFT_OUT,
    (_S.PAUSED, _H.RETRIED): _S.ASKED,
    (_S.PAUSED, _H.DROPPED): _S.LEFT_OUT,
    # What was given up, and is done after all, is done.
    (_S.LEFT_OUT, _H.DONE): _S.DONE,
    (_S.REFUSED, _H.DONE): _S.DONE,
    (_S.REFUSED, _H.UNKNOWN): _S.UNKNOWN,
    (_S.REFUSED, _H.SKIPPED): _S.LEFT_OUT,
    (_S.REFUSED, _H.RETRIED): _S.ASKED,
    (_S.SILENT, _H.DONE): _S.DONE,
    (_S.SILENT, _H.REFUSED): _S.REFUSED,
    (_S.SILENT, _H.UNKNOWN): _S.UNKNOWN,
    (_S.SILENT, _H.SKIPPED): _S.LEFT_OUT,
    (_S.SILENT, _H.RETRIED): _S.ASKED,
    (_S.UNKNOWN, _H.DONE): _S.DONE,
    (_S.UNKNOWN, _H.REFUSED): _S.REFUSED,
    (_S.UNKNOWN, _H.SKIPPED): _S.LEFT_OUT,
    (_S.UNKNOWN, _H.RETRIED): _S.ASKED,
    # Back, last first; what nobody knows of is undone blindly where its undo allows that.
    (_S.DONE, _H.BACKED): _S.UNDOING,
    (_S.SILENT, _H.BACKED): _S.UNDOING,
    (_S.UNKNOWN, _H.BACKED): _S.UNDOING,
    (_S.UNDOING, _H.UNDO_DONE): _S.UNDONE,
    (_S.UNDOING, _H.UNDO_NOTHING): _S.NOT_DONE,
    (_S.UNDOING, _H.UNDO_REFUSED): _S.UNDO_FAILED,
    (_S.UNDOING, _H.UNDO_UNKNOWN): _S.UNDO_FAILED,
    (_S.UNDOING, _H.TIME_UP): _S.UNDO_FAILED,
    (_S.UNDO_PAUSED, _H.TIME_UP): _S.UNDOING,
    (_S.UNDO_PAUSED, _H.RETRIED): _S.UNDOING,
    (_S.UNDO_PAUSED, _H.UNDO_DONE): _S.UNDONE,
    (_S.UNDO_PAUSED, _H.UNDO_NOTHING): _S.NOT_DONE,
    (_S.UNDO_FAILED, _H.UNDO_DONE): _S.UNDONE,
    (_S.UNDO_FAILED, _H.UNDO_NOTHING): _S.NOT_DONE,
    (_S.UNDO_FAILED, _H.RETRIED): _S.UNDOING,
    (_S.UNDO_FAILED, _H.SKIPPED): _S.LEFT_OUT,
    # Its undo had overtaken it.
    (_S.NOT_DONE, _H.DONE): _S.DONE,
    (_S.NOT_DONE, _H.UNKNOWN): _S.UNKNOWN,
}
"""(where a step stands, what it meets) -> where it stands then, before its cases are looked at."""


def moved(state: StepState, met: Happening) -> StepState | None:
    """Where a step stands after what it met; None: where it stood."""
    return TRANSITIONS.get((state, met))


def unreached() -> list[StepState]:
    """States that no way leads to from the beginning, of those that a step can stand in."""
    cases = {
        _S.REFUSED: (_S.PAUSED, _S.LEFT_OUT),
        _S.SILENT: (_S.ASKED, _S.LEFT_OUT),
        _S.UNKNOWN: (_S.LEFT_OUT,),
        _S.UNDO_FAILED: (_S.UNDO_PAUSED, _S.UNDOING),
    }
    reached = {_S.WAITING}
    while True:
        more = {then for (state, _), then in TRANSITIONS.items() if state in reached}
        more |= {then for state in reached for then in cases.get(state, ())}
        if more <= reached:
            break
        reached |= more
    return [state for state in StepState if state not in reached]


if _lost := unreached():
    raise AssertionError(f"no step ever stands so: {_lost}")
