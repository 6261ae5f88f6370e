"""Telling a destination in the versions that it reads, although the hub speaks newer ones (R20).

Stands between the pump and a connector and is one itself: what goes through is lifted to the
newest version, where the effect was decided by an older hub, and lowered to the one that the
destination asked for. Keys, attempts and evidence stay those of the effect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.connector import (
    Ability,
    Connector,
    Document,
    FarAnswer,
    Found,
    NotThere,
    Refused,
)
from crossdock.contracts.versions import DOWNCASTS, CannotSay, Step, lifted, lowered, newest


class OlderWords:
    """A connector to a destination that reads older versions: newest type -> the one it reads."""

    def __init__(
        self,
        connector: Connector,
        reads: Mapping[str, str],
        downcasts: Mapping[str, Step] = DOWNCASTS,
    ) -> None:
        self._connector = connector
        self._reads = reads
        self._downcasts = downcasts

    @property
    def batch_max(self) -> int:
        """How many documents one `send` may carry."""
        return self._connector.batch_max

    def ability(self, message_type: str) -> Ability:
        """What the far side offers against doing this twice, in its own version."""
        return self._connector.ability(self._read(message_type))

    def ask_after_seconds(self, message_type: str) -> float:
        """How long after an unknown outcome "it is not there" can be believed."""
        return self._connector.ask_after_seconds(self._read(message_type))

    async def send(self, documents: Sequence[Document]) -> list[FarAnswer]:
        """Tell what can be said in the words of the far side; refuse the rest."""
        said: dict[int, Document] = {}
        answers: dict[int, FarAnswer] = {}
        for index, document in enumerate(documents):
            try:
                said[index] = self._in_its_words(document)
            except CannotSay as error:
                answers[index] = Refused(f"no words in {self._read(document.type)}: {error}")
        told = await self._connector.send(list(said.values())) if said else []
        answers.update(zip(said, told, strict=True))
        return [answers[index] for index in range(len(documents))]

    async def look_up(self, document: Document) -> Found:
        """Ask by our reference; what was never said in its words is not there."""
        try:
            return await self._connector.look_up(self._in_its_words(document))
        except CannotSay:
            return NotThere()

    async def close(self) -> None:
        """Let go of connections."""
        await self._connector.close()

    def _read(self, message_type: str) -> str:
        latest = newest(message_type)
        return self._reads.get(latest, latest)

    def _in_its_words(self, document: Document) -> Document:
        wanted = self._read(document.type)
        if wanted == document.type:
            return document
        noun = msgspec.json.decode(document.body, type=CATALOGUE[document.type].noun)
        noun = lowered(*lifted(document.type, noun), wanted, self._downcasts)
        return replace(document, type=wanted, body=msgspec.json.encode(noun))
