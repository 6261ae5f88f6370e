"""Where instances of recipes meet a batch: which of them a message concerns, and what follows.

An instance is a document that shares its key, mostly an order, with others; a list per key finds
them. It is advanced in the turn of the message that concerns it, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import msgspec

from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.effects import EffectSettled
from crossdock.contracts.timers import TimerFired
from crossdock.log.records import Document, Lane, Recorded, Wanted
from crossdock.orders.state import OrderState
from crossdock.sagas.batch import Batch
from crossdock.sagas.policy import Policy
from crossdock.sagas.recipes.interpreter import Run, Telling, begun
from crossdock.sagas.recipes.recipe import Recipe
from crossdock.sagas.recipes.saga import KIND, SAGAS_OF, Saga, SagasOf, Standing, saga_id
from crossdock.sagas.recipes.words import residue
from crossdock.sagas.turn import Turn

PARKED: Final = "saga-parked"
LATE: Final = "saga-late"
"""The conditions of instances."""

_SAGA = msgspec.json.Decoder(Saga)
_LIST = msgspec.json.Decoder(SagasOf)


class Around:
    """An instance's surroundings while a message is decided."""

    def __init__(self, batch: Batch, turn: Turn, saga_key: str) -> None:
        self._batch = batch
        self._turn = turn
        self._key = saga_key
        self.id = ""  # of the instance
        self.now: datetime = turn.message.received_time
        self.place = turn.message.place

    @property
    def order(self) -> OrderState | None:
        """The order of the key, as this turn has left it."""
        return self._batch.known_order(self._key)

    def routes(self, kind: str, subject: Any) -> tuple[str, ...]:
        """Whom the ownership matrix names, at the subject's site and in its order's channel."""
        order = self.order
        return self._turn.routes(
            CATALOGUE[kind].entity,
            kind,
            getattr(subject, "site", None),
            order.channel if order is not None else None,
        )

    def tell(self, telling: Telling) -> None:
        """Make effects of it, whose ends the instance is told.

        Its number is also the ordering key: a request that is held blocks no other one.
        """
        self._turn.tell(
            telling.destinations,
            telling.kind,
            telling.request,
            telling.said,
            telling.request,
            Lane.OPERATIONAL,
            self._turn.asks(KIND, self.id, self._key),
            correlation=self._key,
        )


def wants(policy: Policy, wanted: Wanted, message: Recorded, noun: Any) -> None:
    """Ask for the list of instances that a message may concern."""
    for key in _keys(policy, message, noun):
        wanted.documents.add((SAGAS_OF, key))
        wanted.orders.add(key)


def further(batch: Batch, more: Wanted, message: Recorded, noun: Any) -> None:
    """Ask for the instances themselves, for those that it may begin, and for their orders."""
    wants(batch.policy, more, message, noun)
    if isinstance(noun, EffectSettled | TimerFired) and noun.kind == KIND:
        document = batch.documents.get((KIND, noun.id))
        if document is not None:
            more.orders.add(_SAGA.decode(document.body).key)
    for key in _keys(batch.policy, message, noun):
        if (SAGAS_OF, key) in batch.wanted.documents:
            more.documents.update((KIND, number) for number in _listed(batch, key))
    for recipe, opening in batch.policy.recipes.openings.get(message.type, ()):
        number = opening.number(noun)
        if number is not None:
            more.documents.add((KIND, saga_id(recipe.name, number)))


def hear(batch: Batch, turn: Turn, noun: Any) -> None:
    """Let a message that was applied begin instances, and be seen by those that there are."""
    kind = turn.message.type
    for recipe, opening in batch.policy.recipes.openings.get(kind, ()):
        number = opening.number(noun)
        if number is not None and batch.document(KIND, saga_id(recipe.name, number)) is None:
            key = getattr(noun, recipe.key)
            _begin(batch, turn, recipe, number, key, opening.subject(noun))
    for key in _keys(batch.policy, turn.message, noun):
        for run, document in _runs(batch, turn, key):
            recipe = run.recipe
            if kind in recipe.watched or (recipe.judges_orders and not run.saga.ended):
                run.seen(kind, noun)
                keep(batch, turn, run, document)


def answer(batch: Batch, turn: Turn, noun: Any) -> bool:
    """Let the instance that asked for it take an answer; gives whether there is one."""
    for key in _keys(batch.policy, turn.message, noun):
        for run, document in _runs(batch, turn, key):
            if run.answered(turn.message.source, turn.message.type, noun):
                keep(batch, turn, run, document)
                return True
    return False


def effect_ended(batch: Batch, turn: Turn, document: Document, noun: EffectSettled) -> None:
    """Tell an instance how an effect ended that it had asked for."""
    run = run_of(batch, turn, document)
    if run is None:
        return
    request = noun.effect.removeprefix(f"{noun.destination}/")
    if run.end_of_effect(noun.destination, request, noun.end, noun.reason):
        keep(batch, turn, run, document)


def wake(batch: Batch, turn: Turn, document: Document) -> None:
    """An instance's timer fired."""
    run = run_of(batch, turn, document)
    if run is not None:
        run.time_up()
        keep(batch, turn, run, document)


def _keys(policy: Policy, message: Recorded, noun: Any) -> list[str]:
    """The keys under which a message may concern instances; none: no recipe hears it."""
    book = policy.recipes
    fields = book.heard.get(message.type, ())
    if not fields and book.judges_orders and CATALOGUE[message.type].key == "order_id":
        fields = ("order_id",)
    return [key for field in fields if (key := getattr(noun, field, None)) is not None]


def _listed(batch: Batch, key: str) -> list[str]:
    listed = batch.document(SAGAS_OF, key)
    return [] if listed is None else _LIST.decode(listed.body).ids


def _begin(
    batch: Batch, turn: Turn, recipe: Recipe, number: str, key: str, subject: msgspec.Struct
) -> None:
    around = Around(batch, turn, key)
    saga = begun(recipe, number, key, subject, around)
    around.id = saga.id
    run = Run(recipe, saga, around)
    run.proceed()
    batch.store_document(turn, SAGAS_OF, key, SagasOf([*_listed(batch, key), saga.id]))
    _show(turn, run)
    batch.store_document(turn, KIND, saga.id, saga, run.due)


def _runs(batch: Batch, turn: Turn, key: str) -> Iterator[tuple[Run, Document]]:
    numbers = _listed(batch, key)
    batch.need_documents(KIND, numbers)
    for number in numbers:
        document = batch.document(KIND, number)
        run = run_of(batch, turn, document) if document is not None else None
        if run is not None and document is not None:
            yield run, document


def run_of(batch: Batch, turn: Turn, document: Document) -> Run | None:
    """An instance, ready to go on; None where its recipe is not in use any more."""
    saga = _SAGA.decode(document.body)
    recipe = batch.policy.recipes.recipe(saga.recipe, saga.version)
    if recipe is None:
        turn.note(
            "saga-without-recipe",
            document.id,
            f"version {saga.version} of {saga.recipe} is not among the recipes of this house",
        )
        return None
    around = Around(batch, turn, saga.key)
    around.id = document.id
    return Run(recipe, saga, around)


def keep(batch: Batch, turn: Turn, run: Run, document: Document) -> None:
    """Store an instance where it has changed, and show what people should see of it."""
    due = run.due
    if msgspec.json.encode(run.saga) == bytes(document.body) and due == document.due:
        return
    _show(turn, run)
    batch.store_document(turn, KIND, document.id, run.saga, due)


def _show(turn: Turn, run: Run) -> None:
    """Show what people should see of an instance, once per change; take back what holds no longer.

    An instance is advanced on two partitions: its key's, and that of its timer.
    """
    saga = run.saga
    words = residue(run.recipe, saga)
    parked = saga.standing is Standing.PARKED
    here = {turn.message.partition: turn.message.position}
    if parked:
        turn.note(PARKED, saga.id, words)
        saga.shown[PARKED] = {**saga.shown.get(PARKED, {}), **here}
    if run.late or (run.is_late and LATE not in saga.shown):
        turn.note(LATE, saga.id, words)
        saga.shown[LATE] = {**saga.shown.get(LATE, {}), **here}
    for kind, holds in ((PARKED, parked), (LATE, run.is_late)):
        if not holds and kind in saga.shown:
            turn.cure(kind, saga.id, words, saga.shown.pop(kind))
