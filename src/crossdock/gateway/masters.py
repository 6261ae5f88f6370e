"""A master record to look at: every field with who set it, by which message, and what lost."""

from __future__ import annotations

from typing import Protocol

import msgspec

from crossdock.gateway.asgi import Reply, Request
from crossdock.gateway.errors import NotFound
from crossdock.gateway.keys import Caller
from crossdock.identity.references import EVERYBODY, Link
from crossdock.kernel.text import identifier_fault
from crossdock.log.records import Loaded, Wanted
from crossdock.sagas import golden
from crossdock.sagas.links import link_key
from crossdock.sagas.provenance import Provenance, provenance


class Loading(Protocol):
    """What is asked of a store; every `log.ports.Store` has it."""

    async def load(self, wanted: Wanted) -> Loaded:
        """Documents by kind and id."""
        ...


class MasterView(msgspec.Struct):
    """A master record as the claims of its sources make it."""

    entity: str
    id: str
    fields: list[Provenance]


async def master_view(store: Loading, entity: str, number: str) -> MasterView | None:
    """The record that this id names; two look-ups by key, however long the log is."""
    if entity not in golden.nouns():
        return None
    alias = link_key(entity, EVERYBODY, number)
    document = golden.MASTER, golden.document_id(entity, number)
    found = (await store.load(Wanted(documents={alias, document}))).documents
    if alias in found:
        number = msgspec.json.decode(found[alias].body, type=Link).canonical or number
        document = golden.MASTER, golden.document_id(entity, number)
        found = (await store.load(Wanted(documents={document}))).documents
    if document not in found:
        return None
    return MasterView(entity, number, provenance(entity, golden.read(found[document])))


class Masters:
    """The handler of the view."""

    def __init__(self, store: Loading) -> None:
        self._store = store

    async def show(self, request: Request, caller: Caller) -> Reply:
        """Show a master record and where each field comes from. Raises `NotFound`."""
        number = request.parameters["id"]
        if identifier_fault(number) is not None:
            raise NotFound
        view = await master_view(self._store, request.parameters["entity"], number)
        if view is None:
            raise NotFound
        return Reply(200, msgspec.json.encode(view))
