"""The controlled vocabularies: one per entity; a code that is not here is never guessed (R15)."""

from __future__ import annotations

from enum import StrEnum


class ItemKind(StrEnum):
    """Does it sit on a shelf?"""

    STOCK = "stock"
    SERVICE = "service"  # postage, fees, vouchers: ordered and invoiced, never picked
    KIT = "kit"  # ordered and invoiced as one, held, picked and shipped as its components


class ItemStatus(StrEnum):
    """May it be sold?"""

    ACTIVE = "active"
    BLOCKED = "blocked"


class Entity(StrEnum):
    """Whose numbers are looked up: the records that far systems may number in their own way."""

    ITEM = "item"
    PARTY = "party"
    LOCATION = "location"


class LocationKind(StrEnum):
    """How deep in a site a location lies: a bin is in a zone, a zone in a warehouse."""

    WAREHOUSE = "warehouse"
    ZONE = "zone"
    BIN = "bin"


class PartyRole(StrEnum):
    """What a party is to the distributor."""

    CUSTOMER = "customer"
    SUPPLIER = "supplier"
    CARRIER = "carrier"


class StockState(StrEnum):
    """The states of a ledger account; those outside the walls balance those inside (I12)."""

    RECEIVED = "received"  # on the dock, not put away yet
    AVAILABLE = "available"  # on the shelf, may be promised
    ALLOCATED = "allocated"  # set aside by the warehouse itself
    PICKED = "picked"  # off the shelf, not yet through the door
    PACKED = "packed"
    QUARANTINE = "quarantine"
    DAMAGED = "damaged"
    RETURNED = "returned"  # back from a customer, and nobody has decided what becomes of it
    REPAIR = "repair"  # away to be mended, in our books
    MISSING = "missing"  # the ledger has it, the picker did not find it; a count decides
    IN_TRANSIT = "in_transit"  # between two sites, in the books of the one it goes to
    SUPPLIER = "supplier"  # outside: where receipts come from
    CUSTOMER = "customer"  # outside: where shipments go
    ADJUSTMENT = "adjustment"  # outside: what counts and write-offs answer for
    SCRAPPED = "scrapped"  # outside: thrown away


INSIDE = frozenset(
    {
        StockState.RECEIVED,
        StockState.AVAILABLE,
        StockState.ALLOCATED,
        StockState.PICKED,
        StockState.PACKED,
        StockState.QUARANTINE,
        StockState.DAMAGED,
        StockState.RETURNED,
        StockState.REPAIR,
        StockState.MISSING,
        StockState.IN_TRANSIT,
    }
)
"""States of goods that the distributor holds; the others are the world beyond the door."""


class PickSource(StrEnum):
    """Where goods stood that were taken for an order."""

    AVAILABLE = "available"  # on the shelf
    RECEIVED = "received"  # on the dock: cross-docked, never put away
    ALLOCATED = "allocated"  # set aside by the warehouse


class MovementKind(StrEnum):
    """Why goods go from one account to another; `contracts.movements` says which may."""

    RECEIVE = "receive"
    PUT_AWAY = "put_away"
    MOVE = "move"
    ALLOCATE = "allocate"
    DEALLOCATE = "deallocate"
    PICK = "pick"
    SHORT_PICK = "short_pick"
    PACK = "pack"
    SHIP = "ship"
    RETURN = "return"
    RESTOCK = "restock"
    QUARANTINE = "quarantine"
    RELEASE_FROM_QUARANTINE = "release_from_quarantine"
    DAMAGE = "damage"
    SCRAP = "scrap"
    COUNT = "count"
    ADJUST = "adjust"
    TRANSFER_OUT = "transfer_out"
    TRANSFER_IN = "transfer_in"
    CROSS_DOCK = "cross_dock"
    REPLENISH = "replenish"
    RECALL = "recall"


class OrderStatus(StrEnum):
    """Where an order stands; always derived from its line quantities (decision 5)."""

    AWAITED = "awaited"  # facts came before the order did
    HELD = "held"
    BACKORDERED = "backordered"
    RELEASED = "released"
    PICKING = "picking"
    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    INVOICED = "invoiced"
    CANCELLED = "cancelled"
    RETURNED = "returned"


class CancelReason(StrEnum):
    """Why a customer or an operator takes an order back."""

    CUSTOMER = "customer"
    FRAUD = "fraud"
    UNAVAILABLE = "unavailable"
    DUPLICATE = "duplicate"
    OTHER = "other"


class ReturnReason(StrEnum):
    """Why goods come back."""

    CUSTOMER = "customer"
    DAMAGED = "damaged"
    WRONG_ITEM = "wrong_item"
    OTHER = "other"


class ReturnCondition(StrEnum):
    """In which state a customer says that the goods are."""

    UNOPENED = "unopened"
    OPENED = "opened"
    DAMAGED = "damaged"


class ReturnRefusal(StrEnum):
    """Why a return is not authorised, in this order: the first that applies is the answer."""

    SAME_ID_OTHER_CONTENT = "same_id_other_content"
    UNKNOWN_ORDER = "unknown_order"
    UNKNOWN_LINE = "unknown_line"
    OTHER_ITEM = "other_item"  # than the line's
    NOT_SHIPPED = "not_shipped"
    ITEM_NOT_RETURNABLE = "item_not_returnable"
    REASON_NOT_TAKEN = "reason_not_taken"
    CONDITION_NOT_TAKEN = "condition_not_taken"
    OUT_OF_TIME = "out_of_time"
    MORE_THAN_RETURNABLE = "more_than_returnable"


class ReturnStatus(StrEnum):
    """How far a return has come; derived from what was wished, received and credited."""

    REFUSED = "refused"
    AUTHORISED = "authorised"
    RECEIVED = "received"  # some of it, or all
    CREDITED = "credited"  # all that came back and is to be credited


class Disposition(StrEnum):
    """What becomes of a returned unit after inspection."""

    RESTOCK = "restock"
    QUARANTINE = "quarantine"
    SCRAP = "scrap"
    SUPPLIER = "supplier"  # back to who supplied it
    REPAIR = "repair"
    HOLD = "hold"  # inspection does not know: it stands apart


class MoneyRole(StrEnum):
    """For whom an amount is reckoned; amounts of two roles are never added (P53)."""

    SHOP = "shop"  # in the currency of the order: what counts
    PRESENTMENT = "presentment"  # as the customer was shown it
    SETTLEMENT = "settlement"  # as it reached the bank


class CreditReason(StrEnum):
    """Why money is given back."""

    RETURNED = "returned"
    CORRECTION = "correction"  # an invoice charged what it should not have


class AdjustmentReason(StrEnum):
    """Why stock changes without a document of trade."""

    OPENING = "opening"
    COUNT = "count"
    WRITE_OFF = "write_off"
    FOUND = "found"
    CORRECTION = "correction"


class PromiseLevel(StrEnum):
    """Where the units of a reservation may come from."""

    SITE = "site"  # one site for all of it
    CHANNEL = "channel"  # any sites that the channel sells from


class ReservationState(StrEnum):
    """What has become of a reservation; each is resolved once."""

    OPEN = "open"
    COMMITTED = "committed"  # sold; an order takes its units over
    RELEASED = "released"
    EXPIRED = "expired"


class ReservationAnswerKind(StrEnum):
    """How a call about a reservation was answered."""

    GRANTED = "granted"
    PART = "part"
    REFUSED = "refused"


class Refusal(StrEnum):
    """Why a reservation is refused, in this order: the first that applies is the answer."""

    SAME_ID_OTHER_CONTENT = "same_id_other_content"
    QUANTITY_NOT_POSITIVE = "quantity_not_positive"
    ALREADY_EXPIRED = "already_expired"
    UNKNOWN_ITEM = "unknown_item"
    ITEM_BLOCKED = "item_blocked"
    UNKNOWN_CHANNEL = "unknown_channel"
    SITE_NOT_CAPABLE = "site_not_capable"
    NOT_ENOUGH_AVAILABLE = "not_enough_available"
    UNKNOWN_RESERVATION = "unknown_reservation"
    ALREADY_COMMITTED = "already_committed"
    ALREADY_RELEASED = "already_released"
    EXPIRED = "expired"
    EXCEEDS_RESERVED = "exceeds_reserved"


class ProposalVerdict(StrEnum):
    """An owner's word on what somebody else proposed."""

    ACCEPTED = "accepted"
    DECLINED = "declined"


class EffectEnd(StrEnum):
    """What became of an effect, as whoever asked for its outcome is told."""

    ACCEPTED = "accepted"
    ALREADY_DONE = "already_done"
    REFUSED = "refused"  # held: the far side will not do it
    GIVEN_UP = "given_up"  # held: not done, and its tries are used up
    UNKNOWN = "unknown"  # held: it may have been done, and nobody can be asked
    VOID = "void"  # held: it is there under our key, cancelled or otherwise without effect
    SUPERSEDED = "superseded"  # not done, and not needed any more
    ADOPTED = "adopted"  # a person found that it is done
    CANCELLED = "cancelled"  # a person took it back before it was done


class LabelState(StrEnum):
    """How a label stands at its carrier."""

    ACTIVE = "active"
    CANCELLED = "cancelled"


class Occasion(StrEnum):
    """Why a customer is written to."""

    PARCEL_READY = "parcel_ready"  # it has a label: the tracking works


class SagaAction(StrEnum):
    """What a person may have an instance of a recipe do."""

    SKIP = "skip"  # leave a step out and go on
    RETRY = "retry"  # ask once more under a new number; likewise an undo
    UNDO = "undo"  # undo everything that was done
    PARK = "park"  # do nothing more until it is resumed
    RESUME = "resume"
    MIGRATE = "migrate"  # go on by another version of its recipe


class InstructionRefusal(StrEnum):
    """Why an instance is not moved on, in this order: the first that applies is the answer."""

    UNKNOWN_SAGA = "unknown-saga"
    ENDED = "ended"  # complete, or undone
    NO_REASON = "no-reason"
    UNKNOWN_STEP = "unknown-step"
    NOT_TO_BE_SKIPPED = "not-to-be-skipped"  # it is done, or is being undone
    NOT_TO_BE_RETRIED = "not-to-be-retried"  # it does not wait for a person
    GOES_BACK = "goes-back"  # it is being undone already
    PARKED_ALREADY = "parked-already"
    NOT_PARKED = "not-parked"
    UNKNOWN_VERSION = "unknown-version"
    STEP_LOST = "step-lost"  # the other version has no place for what was done or asked


class Fate(StrEnum):
    """What became of an accepted message; exactly one each (I2)."""

    APPLIED = "applied"
    SUPERSEDED = "superseded"
    HELD = "held"
    DEAD = "dead"
