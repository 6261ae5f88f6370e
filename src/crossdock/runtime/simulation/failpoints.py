"""The points at which a process can be killed, by name: each side of every commit.

They are the boundaries of the store's writing calls, so nothing in the hub's code marks them and
production pays nothing for them: `<call>.before-commit`, where nothing was kept, and
`<call>.after-commit`, where all of it was and the process never learns of it. What a far system did
and nobody recorded lies between `claim.after-commit` and `settle.before-commit`.
"""

from __future__ import annotations

from typing import Final

from crossdock.log.ports import Calling, Deciding, Delivering, Intake
from crossdock.runtime.simulation.store import writes

WRITING_CALLS: Final = tuple(
    call
    for port in (Intake, Deciding, Calling, Delivering)
    for call, what in vars(port).items()
    if callable(what) and not call.startswith("_") and writes(call)
)
"""Every call of the store that commits something, as the ports declare them."""

FAILPOINTS: Final = tuple(
    f"{call}.{side}" for call in WRITING_CALLS for side in ("before-commit", "after-commit")
)
