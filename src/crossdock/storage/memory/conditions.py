"""Conditions: noted, closed, and noted again, in whatever order that is written.

Per partition it is kept up to where a condition was noted, and up to where that is settled. Both
only grow, so it does not matter which of a note and a closing is written first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from crossdock.log.records import AFTER_ATTEMPT
from crossdock.log.rulings import OF_EFFECTS
from crossdock.log.views import ConditionKey, ExceptionRow


@dataclass(slots=True)
class Conditions:
    """Every condition that was ever met."""

    rows: dict[ConditionKey, ExceptionRow] = field(default_factory=dict)
    _settled: dict[ConditionKey, dict[int, int]] = field(default_factory=dict)

    def note(
        self,
        kind: str,
        key: str,
        detail: str,
        place: str | None,
        mark: tuple[int, int],
        now: datetime,
    ) -> None:
        """Open a condition, open it again, or count it once more; `mark` says where it was met."""
        known = self.rows.get((kind, key))
        partition, position = mark
        upto = {} if known is None else dict(known.upto)
        upto[partition] = max(position, upto.get(partition, 0))
        if known is not None and known.is_open:
            place, now = known.place, known.opened_time
        times = 1 if known is None else known.times + 1
        self.rows[kind, key] = ExceptionRow(kind, key, detail, place, now, times, upto)

    def close(
        self,
        kind: str,
        key: str,
        why: str,
        upto: Mapping[int, int],
        place: str | None,
        now: datetime,
    ) -> None:
        """Settle what was noted up to there; a condition of which nothing is left is closed."""
        row = self.rows.get((kind, key))
        if row is None:
            return
        settled = self._settled.setdefault((kind, key), {})
        for partition, position in upto.items():
            if partition in row.upto:
                settled[partition] = max(position, settled.get(partition, 0))
        left = any(position > settled.get(at, 0) for at, position in row.upto.items())
        if row.is_open and not left:
            self.rows[kind, key] = replace(row, closed_time=now, closed_place=place, closed_why=why)

    def close_effect(self, business_key: str, attempt: int, why: str, now: datetime) -> None:
        """Close what an effect's earlier attempts left: it came to its end."""
        for kind in OF_EFFECTS:
            self.close(kind, business_key, why, {AFTER_ATTEMPT: attempt}, None, now)
