"""What a person's ruling on a held effect means as the end of an attempt that was never made."""

from __future__ import annotations

from typing import Final

from crossdock.contracts.conditions import CONDITIONS, Arises
from crossdock.contracts.operations import Ruled
from crossdock.log.records import Ruling, Settlement, Verdict

OF_EFFECTS: Final = tuple(kind for kind, row in CONDITIONS.items() if Arises.EFFECT in row.arises)
"""The kinds of conditions for which effects are held after an attempt."""

_ENDS: Final = {Ruled.ADOPT: Verdict.ADOPTED, Ruled.CANCEL: Verdict.CANCELLED}


def end_by(ruling: Ruling, effect_id: int) -> Settlement | None:
    """How the effect ends by this ruling; None: it is told again."""
    verdict = _ENDS.get(Ruled(ruling.action))
    if verdict is None:
        return None
    return Settlement(effect_id, ruling.attempts + 1, verdict, ruling.reference, ruling.why)


def is_certain(ruling: Ruling) -> bool:
    """Whether somebody looked, and it is certainly not done."""
    return Ruled(ruling.action) is Ruled.RETRY_CERTAIN
