"""How often Python looks for circles of objects in a process that makes many and no circles."""

from __future__ import annotations

import gc


def look_rarely() -> None:
    """Leave alone what is loaded by now, and look at what is made from here on much less often.

    Batches make many objects and no circles: looking every 700 objects, as is the default, finds
    nothing.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
