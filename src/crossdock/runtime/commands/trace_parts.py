"""What a trace is made of: sentences, each with the id of its evidence.

Evidence is a place on the log (`3:17`), the business key of an effect, an open condition (its kind
and key), the id of a recipe's instance, or a destination (`destination:wms`) as `crossdock state`
shows it. `trace` itself, `dead-letters show`, `exceptions show` and `sagas show` open each of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from crossdock.kernel.errors import CrossdockError
from crossdock.log.views import ExceptionRow


class KeyUnknown(CrossdockError):
    """Nothing on the log goes by this key."""

    code = "key-unknown"
    expects = (
        "the number of an order, shipment, invoice, credit, return, parcel or item, ours or a far"
        " system's, or a place like 3:17"
    )


class KeyAmbiguous(CrossdockError):
    """Several orders or items go by this key."""

    code = "key-ambiguous"
    expects = "KIND:NUMBER, as in invoice:77, or SYSTEM:NUMBER of the far system whose number it is"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline."""

    at: datetime
    who: str
    what: str
    evidence: str
    decided: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """One sentence about how something stands."""

    what: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing that has not happened yet: from whom it is awaited, and since when.

    `stuck` says that it does not come by itself in its time: somebody has to do something.
    """

    what: str
    evidence: str
    awaited_from: str
    since: datetime | None = None
    stuck: bool = False


@dataclass(frozen=True, slots=True)
class Safe:
    """One thing that may be done next without making it worse, and when it is the right one."""

    do: str
    when: str
    evidence: str


@dataclass(slots=True)
class Trace:
    """All that is known about a key."""

    kind: str
    id: str
    summary: list[Fact] = field(default_factory=list)
    timeline: list[Entry] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    exceptions: list[ExceptionRow] = field(default_factory=list)
    safe: list[Safe] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """The object that scripts read."""
        return {
            "kind": self.kind,
            "id": self.id,
            "summary": [msgspec.to_builtins(fact) for fact in self.summary],
            "timeline": [msgspec.to_builtins(entry) for entry in self.timeline],
            "waits_for": [msgspec.to_builtins(wait) for wait in self.waits],
            "exceptions": [
                {**msgspec.to_builtins(one), "evidence": condition_named(one)}
                for one in self.exceptions
            ],
            "safe_next": [msgspec.to_builtins(one) for one in self.safe],
        }


def condition_named(row: ExceptionRow) -> str:
    """A condition as evidence: what `crossdock exceptions show` takes."""
    return f"{row.kind} {row.key}"
