"""A Tryton, reached: which document is which operation, and how far one came.

Tryton honours no key and keeps references that need not be unique, so every operation searches
under our reference, goes on from the state that it finds, and can be asked how far it came. Two
tellings of one document never run at once: the hub's attempts are fenced, and an unknown outcome is
looked up before it is told again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crossdock.connectors.kit.kind import Kind
from crossdock.connectors.kit.reading import Odd
from crossdock.connectors.tryton.api import Api, Stopped
from crossdock.connectors.tryton.card import CARD
from crossdock.connectors.tryton.feeds import TrytonFeed, feeds
from crossdock.connectors.tryton.interfaces.json_rpc import JsonRpcApi
from crossdock.connectors.tryton.interfaces.rest import RestApi
from crossdock.connectors.tryton.operations.credits import Credits
from crossdock.connectors.tryton.operations.invoices import Invoices
from crossdock.connectors.tryton.operations.operation import Operation
from crossdock.connectors.tryton.operations.receipts import Receipts
from crossdock.connectors.tryton.operations.sales import Sales
from crossdock.connectors.tryton.operations.shipments import Shipments
from crossdock.connectors.tryton.operations.stock import Stock
from crossdock.connectors.tryton.settings import Interface, TrytonSettings
from crossdock.contracts import catalogue
from crossdock.contracts.connector import Ability, Document, FarAnswer, Found, Refused, Unknown


class TrytonConnector:
    """One Tryton, reached; a `contracts.connector.Connector` and a `contracts.feeds.Source`."""

    def __init__(self, settings: TrytonSettings) -> None:
        self._settings = settings
        self._api = reach(settings)
        self._feeds = feeds(self._api, settings)
        sales = Sales(self._api, settings)
        shipments = Shipments(self._api, settings, sales)
        stock = Stock(self._api, settings)
        self._operations: Mapping[str, Operation] = {
            catalogue.ORDER_ACKNOWLEDGED: sales,
            catalogue.SHIPMENT_SHIPPED: shipments,
            catalogue.INVOICE_REQUESTED: Invoices(self._api, shipments),
            catalogue.CREDIT_REQUESTED: Credits(self._api, settings, sales),
            catalogue.RECEIPT_POSTED: Receipts(self._api, settings, stock),
            catalogue.STOCK_POSTING_REQUESTED: stock,
        }

    @property
    def batch_max(self) -> int:
        """Each document is several requests of its own."""
        return 1

    @property
    def feeds(self) -> Sequence[TrytonFeed]:
        """What it is asked."""
        return self._feeds

    def ability(self, message_type: str) -> Ability:
        """It can be asked by our references."""
        return Ability.LOOK_UP if message_type in self._operations else Ability.NEITHER

    def ask_after_seconds(self, message_type: str) -> float:
        """Longer than its slowest operation: at work, it would say that nothing is there."""
        return self._settings.look_up_after_seconds

    async def send(self, documents: Sequence[Document]) -> list[FarAnswer]:
        """Tell them one after the other; gives one answer each."""
        return [await self._told(document) for document in documents]

    async def look_up(self, document: Document) -> Found:
        """How far it came with a document: all the way, or not to its end."""
        operation = self._operations.get(document.type)
        if operation is None:
            return Unknown(f"nobody here can be asked about {document.type}")
        try:
            return await operation.find(document.body)
        except Stopped as stopped:
            return Unknown(getattr(stopped.answer, "reason", repr(stopped.answer)))

    async def close(self) -> None:
        """Let go of connections."""
        await self._api.close()

    async def _told(self, document: Document) -> FarAnswer:
        operation = self._operations.get(document.type)
        if operation is None:
            return Refused(f"nothing here is told as {document.type}")
        try:
            return await operation.tell(document.body)
        except Stopped as stopped:
            return stopped.answer
        except Odd as odd:
            return Refused(f"{odd.where} there is {odd.found}, expected {odd.expected}")


def reach(settings: TrytonSettings) -> Api:
    """The interface that the settings name; raises `BadAddress` or `BadCredential`."""
    json_rpc = settings.interface is Interface.JSON_RPC
    return JsonRpcApi(settings) if json_rpc else RestApi(settings)


def connect(settings: TrytonSettings) -> TrytonConnector:
    """Make the connector of one Tryton; raises `BadAddress` or `BadCredential`."""
    return TrytonConnector(settings)


KIND = Kind(CARD, TrytonSettings, connect)
