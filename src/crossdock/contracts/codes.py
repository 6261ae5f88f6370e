"""Code tables: how one system spells our words, and what it calls our places; total or refused.

The words of a vocabulary are those of a contract (R15); the names of sites and channels are those
of the house's configuration (R17), so that a system may go on calling them as it always did.

A code that is not in its table is never guessed and never passed through: whoever translates it
gets an `UnknownCode` with the codes that are known. A table may send several codes to one word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

from crossdock.contracts import vocabulary
from crossdock.kernel.errors import UnknownCode
from crossdock.kernel.redaction import shown

Word = TypeVar("Word", bound=str)


VOCABULARIES: Final[Mapping[str, type[StrEnum]]] = {
    "item.kind": vocabulary.ItemKind,
    "item.status": vocabulary.ItemStatus,
    "party.role": vocabulary.PartyRole,
    "stock.state": vocabulary.StockState,
    "adjustment.reason": vocabulary.AdjustmentReason,
    "cancellation.reason": vocabulary.CancelReason,
    "return.reason": vocabulary.ReturnReason,
    "return.disposition": vocabulary.Disposition,
}
"""By name, the vocabularies that a system may spell in its own way."""

PLACES: Final = ("site", "channel")
"""What else a system may call in its own way: names that the configuration gives."""

NAMES: Final[Mapping[type[StrEnum], str]] = {word: name for name, word in VOCABULARIES.items()}
"""The name of each vocabulary."""


@dataclass(frozen=True, slots=True)
class CodeTable(Generic[Word]):
    """One vocabulary, or our sites or channels, as one system spells them."""

    vocabulary: str
    words: Mapping[str, Word]

    def word(self, code: str, where: str = "$") -> Word:
        """What a code means.

        Raises:
            UnknownCode: it is not in the table; `where` says where it stood.
        """
        found = self.words.get(code)
        if found is None:
            raise UnknownCode(where=where, found=shown(code), expected=self.known())
        return found

    def code(self, word: Word) -> str:
        """How the system spells a word: the first of its codes in the table.

        Raises:
            UnknownCode: the system has no code for it.
        """
        for code, meant in self.words.items():
            if meant == word:
                return code
        raise UnknownCode(where=self.vocabulary, found=shown(str(word)), expected=self.known())

    def known(self) -> str:
        """The codes of the table, for whoever looks at an unknown one."""
        return ", ".join(self.words) or "nothing: the table is empty"
