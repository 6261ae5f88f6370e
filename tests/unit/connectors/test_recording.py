"""Recordings of real traffic: played again they give the same, and hold no secret and no person."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.connectors.files.client import KIND as FILES
from crossdock.connectors.kit import recording
from crossdock.connectors.kit.anonymising import Anonymiser, spelled
from crossdock.connectors.kit.kind import Kind
from crossdock.connectors.kit.recording import (
    NothingToRecord,
    NotTheSame,
    Recording,
    SecretSurvives,
)
from crossdock.connectors.rest.client import KIND as REST
from crossdock.connectors.tryton.client import KIND as TRYTON
from crossdock.connectors.vendure.client import KIND as VENDURE
from crossdock.testing.builders import StillClock, at
from crossdock.testing.fakes.fake import Asked, FakeFarSystem, Reply
from crossdock.testing.fakes.files import FakePartner
from crossdock.testing.fakes.rest import FakeRest
from crossdock.testing.fakes.tryton import FakeTrytonByJsonRpc
from crossdock.testing.fakes.vendure import FakeVendure

CANARY = "canary/of+the recording"
PEOPLE = ("Ada Lovelace", "ada@engine.example", "+44 20 7946 0958", "12 St James Square")


class Talkative(FakeRest):
    """A system that says our secret and its customers in every way that there is."""

    def answer(self, asked: Asked) -> Reply:
        """With more than anybody asked for."""
        reply = super().answer(asked)
        if not isinstance(reply.body, dict):
            return reply
        more = {
            "you_said": dict(asked.headers),
            "again": [CANARY, base64.b64encode(CANARY.encode()).decode()],
            "access_token": "eyJhbGciOi.J9abcdefgh.ijklmnopq",
            "note": f"call {PEOPLE[2]} or write to {PEOPLE[1]}",
            "customer": {"name": PEOPLE[0], "customer_id": "C-7", "address": {"line": PEOPLE[3]}},
            "email": PEOPLE[1],
            "loyalty": "gold-of-ada",
            "link": f"{self.url}/shipments",
        }
        return Reply(reply.status, {**reply.body, **more}, {"X-Token": CANARY})


def recorded(kind: Kind, fake: FakeFarSystem, *hide: str, **changed: Any) -> Recording:
    """What is recorded of a fake."""

    async def scene() -> Recording:
        async with fake.listening():
            given = fake.settings() | changed
            settings = msgspec.convert(given, kind.settings)
            return await recording.record(kind, settings, StillClock(), hide=hide, tell=True)

    return asyncio.run(scene())


def filled(fake: FakeFarSystem, feed: str) -> FakeFarSystem:
    """With three records and an odd one."""
    for number in range(1, 5):
        fake.change(feed, number, at(60 * number))
    fake.spoil(feed, 3)
    return fake


@pytest.mark.parametrize(
    ("kind", "fake", "feed"), [(REST, FakeRest, "shipments"), (VENDURE, FakeVendure, "orders")]
)
def test_a_recording_played_again_gives_the_same(
    kind: Kind, fake: type[FakeFarSystem], feed: str
) -> None:
    """By itself, from its file, with nobody behind it; and it is what the system said."""
    taken = recorded(kind, filled(fake(), feed))
    again = recording.decode(recording.encode(taken))
    assert again == taken
    assert asyncio.run(recording.played(kind, again)) == [one.gives for one in taken.scenes]
    [read] = [scene for scene in taken.scenes if scene.feed == feed]
    assert sum("unread" in one for one in read.gives) == 1
    assert sum("type" in one for one in read.gives) >= 3
    told = [scene for scene in taken.scenes if scene.told]
    assert told
    answers = {one["answer"] for scene in told for one in scene.gives}
    assert answers <= {"Accepted", "AlreadyDone"}


def test_a_change_of_the_mapping_is_seen_in_what_was_recorded() -> None:
    """Which is what a recording is kept for."""
    taken = recorded(REST, filled(FakeRest(), "shipments"))
    feed = taken.settings["feeds"]["shipments"]
    feed["fields"]["carrier"]["codes"] = {"U1": "dhl"}
    found = asyncio.run(recording.played(REST, taken))
    assert found != [one.gives for one in taken.scenes]


def test_no_secret_and_no_person_survives() -> None:
    """In whatever spelling and place; what tells records apart does."""
    fake = filled(Talkative(), "shipments")
    taken = recorded(REST, fake, "loyalty", credential=CANARY.replace(" ", "-"))
    raw = recording.encode(taken).decode()
    hidden = [*spelled([CANARY.replace(" ", "-")]), *PEOPLE, "eyJhbGciOi", "gold-of-ada", fake.url]
    assert [one for one in hidden if one in raw] == []
    assert "C-7" in raw
    assert "S-001" in raw
    assert "http://recorded.invalid/shipments" in raw


def test_a_session_that_was_opened_is_not_written_down() -> None:
    """Its proof stands in a body, under no name; nor is the password."""
    fake = FakeTrytonByJsonRpc()
    raw = recording.encode(recorded(TRYTON, fake)).decode()
    password = fake.settings()["credential"]
    assert "common.db.login" in raw
    assert "common.db.logout" in raw
    assert [one for one in (*spelled([password]), f"{1:064x}", f"{2:064x}") if one in raw] == []


def test_a_recording_that_means_something_else_is_not_written() -> None:
    """Here the mapping reads what was hidden; nobody learns from such a recording."""
    with pytest.raises(NotTheSame) as refused:
        recorded(REST, filled(FakeRest(), "shipments"), "via")
    assert refused.value.where == "shipments"
    assert "$.via" in refused.value.found


def test_a_recording_in_which_a_secret_survives_is_not_written() -> None:
    """Here it is the name of a field, cut by nobody."""

    class Names(FakeRest):
        def settings(self) -> dict[str, Any]:
            return {**super().settings(), "credential": "shipment_id"}

    with pytest.raises(SecretSurvives):
        recorded(REST, filled(Names(), "shipments"))


def test_where_nothing_passes_nothing_is_recorded() -> None:
    """A folder would be read, and its files moved."""
    with pytest.raises(NothingToRecord):
        recorded(FILES, FakePartner())


def test_a_request_that_was_not_recorded_is_an_outage() -> None:
    """No socket is opened for it."""
    taken = recorded(REST, filled(FakeRest(), "shipments"))
    silent = msgspec.structs.replace(
        taken, scenes=tuple(msgspec.structs.replace(one, exchanges=()) for one in taken.scenes)
    )
    first, *_ = asyncio.run(recording.played(REST, silent))
    assert first == [{"trouble": "not-connected: GET /shipments was not recorded"}]


@given(
    st.recursive(
        st.sampled_from([*PEOPLE, CANARY, "plain", 7, 1.5, None, True]),
        lambda below: (
            st.lists(below, max_size=3)
            | st.dictionaries(
                st.sampled_from(["email", "note", "customer", "secret", "lines", CANARY]),
                below,
                max_size=3,
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_the_tree_no_secret_survives_and_its_shape_does(tree: Any) -> None:
    """Names and values; lists stay as long, numbers stay numbers."""
    hider = Anonymiser(spelled([CANARY]))
    body = hider.body(json.dumps(tree).encode())
    assert CANARY not in body
    assert PEOPLE[1] not in body
    assert PEOPLE[2] not in body
    assert _shape(json.loads(body)) == _shape(tree)


def _shape(tree: Any) -> Any:
    if isinstance(tree, dict):
        return len(tree), sorted(str(_shape(one)) for one in tree.values())
    if isinstance(tree, list):
        return [_shape(one) for one in tree]
    return "number" if isinstance(tree, int | float) else type(tree).__name__
