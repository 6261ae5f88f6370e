"""What surrounds pure code while it thinks: a name for its failures, a limit, a record.

Whatever goes wrong in pure code is called `Undecidable`, so that it is never taken for trouble with
the store. In a process that serves, thinking is limited too: by processor seconds, which neither a
slow machine nor a stopped process uses up (`runtime.watchdog`), and the messages concerned are on
record meanwhile, for the case that the process does not survive them (`runtime.suspects`). What is
suspected of that often enough is thought in a child first (`runtime.trial`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from crossdock.kernel.errors import CrossdockError
from crossdock.log.records import Recorded
from crossdock.runtime.suspects import TRIES_MAX, Suspects
from crossdock.runtime.trial import DiedOnTrial, on_trial
from crossdock.runtime.watchdog import Overlong, limited


class Undecidable(CrossdockError):
    """A decider failed on a message, which is a defect of ours or of what was let in."""

    code = "undecidable"


Thinking = Callable[[Sequence[Recorded]], AbstractContextManager[None]]
"""Surrounds the thinking about some messages. Raises `Undecidable`."""


@contextmanager
def thinking(_: Sequence[Recorded] = ()) -> Iterator[None]:
    """Name what goes wrong, and no more."""
    try:
        yield
    except Exception as error:
        raise Undecidable(found=type(error).__name__) from error


def watched_thinking(suspects: Suspects, seconds_max: float) -> Thinking:
    """Thinking that is limited to so many processor seconds and on record while it lasts."""

    @contextmanager
    def watched(messages: Sequence[Recorded]) -> Iterator[None]:
        places = [message.place for message in messages]
        tries = max(map(suspects.tries, places), default=0)
        suspects.begin(places)
        try:
            with (
                on_trial(seconds_max) if tries >= TRIES_MAX else nullcontext(),
                thinking(),
                limited(seconds_max),
            ):
                yield
        except DiedOnTrial as died:
            found = f"{tries} processes ended over it, and a child on trial: {died}"
            raise Undecidable(found=found) from died
        except Overlong as overlong:
            found = f"more than {seconds_max:g} processor seconds"
            raise Undecidable(found=found) from overlong
        finally:
            suspects.end()

    return watched
