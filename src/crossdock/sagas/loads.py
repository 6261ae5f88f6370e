"""How much work a site has been given for a day, where a house says how much it can do (R58).

A document per site and day; two workers who give work to one site at once are told apart by its
revision, and the second thinks again. What is given back later stays counted: the day was planned
with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from crossdock.log.records import Document

if TYPE_CHECKING:
    from crossdock.sagas.turn import Turn

KIND: Final = "site-load"


class Load(msgspec.Struct):
    """Base units given to one site for one day."""

    units: int = 0


class Documents(Protocol):
    """The side of a batch on which loads are kept."""

    def document(self, kind: str, number: str) -> Document | None: ...
    def store_document(self, turn: Turn, kind: str, number: str, body: msgspec.Struct) -> None: ...


_LOAD = msgspec.json.Decoder(Load)


class LoadBook:
    """The loads of one batch."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def units(self, site: str, day: str) -> int:
        """What was given to the site for that day (`2031-03-03`).

        Raises:
            DocumentNotLoaded: the batch did not load it.
        """
        known = self._documents.document(KIND, f"{site}\t{day}")
        return 0 if known is None else _LOAD.decode(known.body).units

    def give(self, turn: Turn, site: str, day: str, units: int) -> None:
        """Give more work."""
        load = Load(self.units(site, day) + units)
        self._documents.store_document(turn, KIND, f"{site}\t{day}", load)
