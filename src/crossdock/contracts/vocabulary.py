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


class HoldKind(StrEnum):
    """Why an order is held back; who may release which is set per kind."""

    CREDIT = "credit"
    FRAUD = "fraud"
    PRICING = "pricing"
    ADDRESS = "address"
    CUSTOMER = "customer"
    TAX = "tax"
    STOCK = "stock"
    DATA = "data"  # what the hub must know before it can do anything: items, units, channels
    MANUAL = "manual"


class OverrideAction(StrEnum):
    """What a person may do against the rules."""

    RELEASE = "release"
    CLOSE_SHORT = "close_short"
    SOURCE = "source"


class OrderRule(StrEnum):
    """What an order is asked before it is taken, in the order in which it is asked."""

    DUPLICATE = "duplicate"
    CUSTOMER = "customer"
    TERMS = "terms"
    CREDIT = "credit"
    PRICE = "price"
    TAX = "tax"
    ADDRESS = "address"
    AVAILABILITY = "availability"


class RuleAction(StrEnum):
    """What follows when an order breaks a rule."""

    REJECT = "reject"
    HOLD = "hold"
    WARN = "warn"
    OFF = "off"  # the rule is not asked


class OrderRefusal(StrEnum):
    """What an order is found to break, in this order: the first that rejects is the answer."""

    ORDER_ID_TAKEN = "order_id_taken"
    DUPLICATE_PURCHASE_ORDER = "duplicate_purchase_order"
    CUSTOMER_UNKNOWN = "customer_unknown"
    CUSTOMER_BLOCKED = "customer_blocked"
    NO_CUSTOMER_ROLE = "no_customer_role"
    TERMS_UNKNOWN = "terms_unknown"
    TERMS_NOT_ALLOWED = "terms_not_allowed"
    TERMS_NOT_THEIRS = "terms_not_theirs"
    CREDIT_UNKNOWN = "credit_unknown"
    CREDIT_STOPPED = "credit_stopped"
    CREDIT_OTHER_CURRENCY = "credit_other_currency"
    CREDIT_EXCEEDED = "credit_exceeded"
    PRICE_UNKNOWN = "price_unknown"
    PRICE_TOO_LOW = "price_too_low"
    PRICE_TOO_HIGH = "price_too_high"
    TAX_CLASS_UNKNOWN = "tax_class_unknown"
    TAX_COUNTRY_UNKNOWN = "tax_country_unknown"
    ADDRESS_MISSING = "address_missing"
    NOT_ENOUGH_AVAILABLE = "not_enough_available"


class OrderAnswerKind(StrEnum):
    """How a submitted order was answered."""

    ACCEPTED = "accepted"
    HELD = "held"
    REFUSED = "refused"


class AcknowledgementKind(StrEnum):
    """What the house makes of one line of an order."""

    ACCEPTED = "accepted"
    CHANGED = "changed"
    BACKORDERED = "backordered"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    PENDING = "pending"  # the order is held: nothing is said of the line yet


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
    LATE_CANCELLATION = "late_cancellation"  # cancelled when it had left: the hub asks it back
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


class TotalKind(StrEnum):
    """What control totals add up."""

    SHIPPED = "shipped"  # at what finance was asked to invoice for it
    INVOICED = "invoiced"
    RETURNED = "returned"  # goods, without an amount
    CREDITED = "credited"


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
