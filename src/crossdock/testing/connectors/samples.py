"""The contract of golden samples: records mean what stands beside them, whatever happens to them.

Every sample is also mangled at every place (reliability.md N19): a field that is gone, null, of
another type or holding an unknown code is understood or named, and never ends a feed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from crossdock.connectors.kit import golden, recording
from crossdock.connectors.kit.reading import understood
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.connector import Accepted
from crossdock.contracts.feeds import Said, Unread
from crossdock.testing.connectors.bench import ContractBase, Promise, played

_STRANGE: tuple[Any, ...] = (None, "?!", "", -1, 1.5, True, [], {}, ["?!"], {"?!": 1})
_GONE = object()


class SampleContract(ContractBase):
    """What its mappings promise."""

    def test_records_mean_what_stands_beside_them(self) -> None:
        """Each `CASE.wire.json` gives `CASE.canonical.json`, message by message."""
        records = golden.cases(self.folder(), golden.WIRE)
        meanings = golden.cases(self.folder(), golden.CANONICAL)
        assert set(records) == set(meanings)
        assert bool(records) != self.lacking(Promise.FEEDS)
        for case, raw in records.items():
            found = golden.in_words(self.read(case, json.loads(raw)))
            assert found == json.loads(meanings[case]), case

    def test_what_records_mean_is_of_the_catalogue(self) -> None:
        """A type that the door knows, with its noun, under the same id each time."""
        for case, raw in golden.cases(self.folder(), golden.WIRE).items():
            first, again = (self.read(case, json.loads(raw)) for _ in range(2))
            assert golden.in_words(first) == golden.in_words(again)
            for one in first:
                if isinstance(one, Said):
                    assert type(one.noun) is CATALOGUE[one.type].noun, case
                    assert one.time.tzinfo is not None, case

    def test_a_mangled_record_is_understood_or_named(self) -> None:
        """Whatever stands at whichever place: messages, or `Odd` with where and what was due."""
        for case, raw in golden.cases(self.folder(), golden.WIRE).items():
            for mangled in _mangled(json.loads(raw)):
                for one in understood(case, mangled, partial(self.read, case)):
                    if isinstance(one, Unread):
                        assert one.where.startswith("$"), (case, mangled)
                        assert one.expected, (case, mangled)

    def test_what_was_recorded_still_comes_of_it(self) -> None:
        """Each `CASE.recording.json`, played to the connector, gives what is noted in it."""
        for case, raw in golden.cases(self.folder(), recording.ENDING).items():
            taken = recording.decode(raw)
            found = played(partial(recording.played, self.kind, taken))
            assert found == [scene.gives for scene in taken.scenes], case

    def test_documents_go_out_as_the_samples_say(self) -> None:
        """Each `CASE.document.json` makes the requests of `CASE.requests.json`."""
        documents = golden.documents(self.folder())
        requests = golden.cases(self.folder(), self.requests)
        assert set(documents) == set(requests)
        for case, some in documents.items():

            async def scene(case: str = case) -> list[dict[str, Any]]:
                async with self.stage() as (fake, connector):
                    answers = await connector.send(documents[case])
                    assert [type(one) for one in answers] == [Accepted] * len(answers), answers
                    return fake.requests()

            assert len(some) > 0
            assert played(scene) == json.loads(requests[case]), case


def _mangled(record: Any) -> Iterator[Any]:
    """The record with each of its places gone, or strange in each way."""
    for path in _places(record):
        for strange in (_GONE, *_STRANGE):
            mangled = json.loads(json.dumps(record))
            *way, last = path
            inside = mangled
            for step in way:
                inside = inside[step]
            if strange is _GONE:
                del inside[last]
            else:
                inside[last] = strange
            yield mangled


def _places(value: Any) -> Iterator[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for step, below in inside:
        yield (step,)
        if isinstance(below, dict | list):
            yield from ((step, *rest) for rest in _places(below))
