"""Every message type that crosses the hub: its noun, its keys, who may originate it.

A type is named `crossdock.<noun>.<past participle>.v<major>` (R26). `key` names the field that
orders messages: same key, same partition, applied in the order of the log. The business key says
when two messages are the same business fact although their senders gave them different ids
(R139).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crossdock.contracts import (
    controls,
    counts,
    credit,
    effects,
    holds,
    identities,
    invoices,
    lots,
    operations,
    orders,
    parcels,
    parties,
    pauses,
    places,
    postings,
    prices,
    products,
    proposals,
    purchasing,
    records,
    replenishment,
    reservations,
    returns,
    sagas,
    sequences,
    shipments,
    steering,
    stock,
    submissions,
    timers,
    transfers,
)
from crossdock.contracts.words import Noun

NAME = re.compile(r"\Acrossdock\.[a-z]+(?:_[a-z]+)*\.[a-z]+(?:_[a-z]+)*\.v[1-9][0-9]?\Z")


@dataclass(frozen=True, slots=True)
class MessageType:
    """One row of the catalogue."""

    name: str
    noun: type[Noun]
    entity: str  # the row of the ownership matrix that rules it
    key: str  # the field whose value orders messages
    business_key: Callable[[Any], str]
    summary: str
    inbound: bool = True  # may a far system say it?
    steward: str = ""  # the team that answers for the contract and its mappings (R39)
    by_source: bool = False  # every source numbers its own: its name is part of the business key

    def business_key_of(self, source: str, noun: Any) -> str:
        """The business key of what this source says; "" where a message is its own only key."""
        key = self.business_key(noun)
        return f"{key}@{source}" if self.by_source and key else key


def order_key(order: orders.Order) -> str:
    """The business key of an order: the customer's own number, where there is one."""
    if order.purchase_order is not None:
        return f"purchase-order/{order.customer}/{order.purchase_order}"
    return f"order/{order.order_id}"


ITEM_CHANGED = "crossdock.item.changed.v1"
PARTY_CHANGED = "crossdock.party.changed.v1"
SITE_CHANGED = "crossdock.site.changed.v1"
CHANNEL_CHANGED = "crossdock.channel.changed.v1"
CREDIT_CHANGED = "crossdock.credit.changed.v1"
PRICE_CHANGED = "crossdock.price.changed.v1"
LOCATION_CHANGED = "crossdock.location.changed.v1"
IDENTITY_LINKED = "crossdock.identity.linked.v1"
IDENTITY_UNLINKED = "crossdock.identity.unlinked.v1"
IDENTITY_MERGED = "crossdock.identity.merged.v1"
IDENTITY_SPLIT = "crossdock.identity.split.v1"
IDENTITY_ASKED = "crossdock.identity.asked.v1"
MESSAGE_RETRIED = "crossdock.message.retried.v1"
MESSAGE_CORRECTED = "crossdock.message.corrected.v1"
MESSAGE_OVERRIDDEN = "crossdock.message.overridden.v1"
MESSAGE_DISMISSED = "crossdock.message.dismissed.v1"
CONDITION_ASSIGNED = "crossdock.condition.assigned.v1"
CONDITION_CLOSED = "crossdock.condition.closed.v1"
EFFECT_RULED = "crossdock.effect.ruled.v1"
EFFECT_RESENT = "crossdock.effect.resent.v1"
PAUSE_SWITCHED = "crossdock.pause.switched.v1"
SEQUENCE_REQUESTED = "crossdock.sequence.requested.v1"
ORDER_PLACED = "crossdock.order.placed.v1"
ORDER_CHANGE_REQUESTED = "crossdock.order.change_requested.v1"
ORDER_CANCELLATION_REQUESTED = "crossdock.order.cancellation_requested.v1"
ORDER_REVIEW_REQUESTED = "crossdock.order.review_requested.v1"
ORDER_PRIORITISED = "crossdock.order.prioritised.v1"
ORDER_OVERRIDDEN = "crossdock.order.overridden.v1"
ORDER_ADMITTED = "crossdock.order.admitted.v1"
ORDER_HOLD_PLACED = "crossdock.order_hold.placed.v1"
ORDER_HOLD_RELEASED = "crossdock.order_hold.released.v1"
ORDER_HOLD_LAPSED = "crossdock.order_hold.lapsed.v1"
ORDER_ACKNOWLEDGED = "crossdock.order.acknowledged.v1"
ORDER_PROGRESSED = "crossdock.order.progressed.v1"
ORDER_RELEASED = "crossdock.order.released.v1"
ORDER_RELEASE_CANCELLED = "crossdock.order.release_cancelled.v1"
ORDER_RELEASE_CHANGED = "crossdock.order.release_changed.v1"
ORDER_STATUS_CHANGED = "crossdock.order.status_changed.v1"
STOCK_MOVED_V1 = "crossdock.stock.moved.v1"
STOCK_MOVED = "crossdock.stock.moved.v2"
STOCK_ADJUSTED = "crossdock.stock.adjusted.v1"
STOCK_GRANTED = "crossdock.stock.granted.v1"
POOL_CHANGED = "crossdock.pool.changed.v1"
RESERVATION_REQUESTED = "crossdock.reservation.requested.v1"
RESERVATION_COMMITTED = "crossdock.reservation.committed.v1"
RESERVATION_RELEASED = "crossdock.reservation.released.v1"
RESERVATION_ANSWERED = "crossdock.reservation.answered.v1"
RECEIPT_POSTED = "crossdock.receipt.posted.v1"
RELEASE_STOPPED = "crossdock.release.stopped.v1"
PICK_CONFIRMED = "crossdock.pick.confirmed.v1"
CARTON_PACKED = "crossdock.carton.packed.v1"
SHIPMENT_SHIPPED = "crossdock.shipment.shipped.v1"
SHIPMENT_INTERCEPT_REQUESTED = "crossdock.shipment.intercept_requested.v1"
RETURN_REQUESTED = "crossdock.return.requested.v1"
RETURN_AUTHORISED = "crossdock.return.authorised.v1"
RETURN_RECEIVED = "crossdock.return.received.v1"
SHIPMENT_LINKED = "crossdock.order.shipment_linked.v1"
SHIPMENT_CLOSED = "crossdock.order.shipment_closed.v1"
SHIPMENT_ASSIGNED = "crossdock.order.shipment_assigned.v1"
CONTROL_TOTALS_REPORTED = "crossdock.control_totals.reported.v1"
RETURN_INSPECTED = "crossdock.return.inspected.v1"
RETURN_SUBMITTED = "crossdock.return.submitted.v1"
RETURN_GRANTED = "crossdock.return.granted.v1"
RETURN_STATUS_CHANGED = "crossdock.return.status_changed.v1"
INVOICE_REQUESTED = "crossdock.invoice.requested.v1"
INVOICE_POSTED = "crossdock.invoice.posted.v1"
INVOICE_REJECTED = "crossdock.invoice.rejected.v1"
INVOICE_RETRIED = "crossdock.invoice.retried.v1"
INVOICE_PAID = "crossdock.invoice.paid.v1"
INVOICE_CORRECTED = "crossdock.invoice.corrected.v1"
CREDIT_REQUESTED = "crossdock.credit_memo.requested.v1"
CREDIT_POSTED = "crossdock.credit_memo.posted.v1"
PERIODS_CHANGED = "crossdock.accounting_periods.changed.v1"
AVAILABILITY_PUBLISHED = "crossdock.availability.published.v1"
STOCK_POSTING_REQUESTED = "crossdock.stock.posting_requested.v1"
STOCK_POSTED = "crossdock.stock.posted.v1"
STOCK_POSTING_REJECTED = "crossdock.stock.posting_rejected.v1"
STOCK_POSTING_RETRIED = "crossdock.stock.posting_retried.v1"
POSTING_PERIOD_ENDED = "crossdock.posting_period.ended.v1"
PURCHASE_ORDER_CHANGED = "crossdock.purchase_order.changed.v1"
STOCK_POLICY_CHANGED = "crossdock.stock_policy.changed.v1"
STOCK_POLICY_REVIEWED = "crossdock.stock_policy.reviewed.v1"
REPLENISHMENT_REQUESTED = "crossdock.replenishment.requested.v1"
STOCK_COUNTED = "crossdock.stock.counted.v1"
ADJUSTMENT_APPROVED = "crossdock.adjustment.approved.v1"
ADJUSTMENT_REJECTED = "crossdock.adjustment.rejected.v1"
TRANSFER_SHIPPED = "crossdock.transfer.shipped.v1"
TRANSFER_RECEIVED = "crossdock.transfer.received.v1"
LOT_CHANGED = "crossdock.lot.changed.v1"
RECALL_ORDERED = "crossdock.recall.ordered.v1"
RECORD_SET_ASIDE = "crossdock.record.set_aside.v1"
FEED_OVERRAN = "crossdock.feed.overran.v1"
RATE_REQUESTED = "crossdock.rate.requested.v1"
RATE_QUOTED = "crossdock.rate.quoted.v1"
LABEL_REQUESTED = "crossdock.label.requested.v1"
LABEL_BOUGHT = "crossdock.label.bought.v1"
LABEL_DECLINED = "crossdock.label.declined.v1"
LABEL_VOID_REQUESTED = "crossdock.label.void_requested.v1"
LABEL_VOIDED = "crossdock.label.voided.v1"
PARCEL_POSTING_REQUESTED = "crossdock.parcel_posting.requested.v1"
PARCEL_POSTING_CANCELLED = "crossdock.parcel_posting.cancelled.v1"
BOOKING_REQUESTED = "crossdock.booking.requested.v1"
BOOKING_CANCELLED = "crossdock.booking.cancelled.v1"
NOTICE_REQUESTED = "crossdock.notice.requested.v1"
PARCEL_PROGRESSED = "crossdock.parcel.progressed.v1"
TIMER_FIRED = "crossdock.timer.fired.v1"
EFFECT_SETTLED = "crossdock.effect.settled.v1"
SAGA_INSTRUCTED = "crossdock.saga.instructed.v1"
PROPOSAL_MADE = "crossdock.proposal.made.v1"
PROPOSAL_SETTLED = "crossdock.proposal.settled.v1"

_ROWS = (
    MessageType(
        ITEM_CHANGED,
        products.Item,
        "item",
        "item",
        lambda d: f"item/{d.item}/{d.revision}",
        "An item master record is new or has changed.",
        steward="master data",
        by_source=True,
    ),
    MessageType(
        PARTY_CHANGED,
        parties.Party,
        "party",
        "party",
        lambda d: f"party/{d.party}/{d.revision}",
        "A customer, supplier or carrier is new or has changed.",
        steward="master data",
        by_source=True,
    ),
    MessageType(
        SITE_CHANGED,
        places.Site,
        "site",
        "site",
        lambda d: f"site/{d.site}/{d.revision}",
        "A site is new or has changed.",
        steward="operations planning",
        by_source=True,
    ),
    MessageType(
        CHANNEL_CHANGED,
        places.Channel,
        "channel",
        "channel",
        lambda d: f"channel/{d.channel}/{d.revision}",
        "A sales channel is new or has changed.",
        steward="sales operations",
        by_source=True,
    ),
    MessageType(
        LOCATION_CHANGED,
        places.Location,
        "location",
        "location",
        lambda d: f"location/{d.location}/{d.revision}",
        "A warehouse, zone or bin of a site is new or has changed.",
        steward="warehouse operations",
        by_source=True,
    ),
    MessageType(
        CREDIT_CHANGED,
        credit.Credit,
        "credit",
        "credit",
        lambda d: f"customer-credit/{d.credit}/{d.revision}",
        "A customer's credit limit, or what it owes, has changed.",
        steward="finance",
        by_source=True,
    ),
    MessageType(
        PRICE_CHANGED,
        prices.Price,
        "price",
        "price",
        lambda d: f"price/{d.price}/{d.revision}",
        "The prices of an item on a list are new or have changed.",
        steward="sales operations",
        by_source=True,
    ),
    MessageType(
        IDENTITY_LINKED,
        identities.IdentityLink,
        "identity",
        "entity",
        lambda d: f"identity-link/{d.change_id}",
        "A far system's number means a canonical id.",
        steward="master data",
    ),
    MessageType(
        IDENTITY_UNLINKED,
        identities.IdentityUnlink,
        "identity",
        "entity",
        lambda d: f"identity-unlink/{d.change_id}",
        "A far system's number means nothing any more.",
        steward="master data",
    ),
    MessageType(
        IDENTITY_MERGED,
        identities.IdentityMerge,
        "identity",
        "entity",
        lambda d: f"identity-merge/{d.change_id}",
        "Two records turned out to be one.",
        steward="master data",
    ),
    MessageType(
        IDENTITY_SPLIT,
        identities.IdentitySplit,
        "identity",
        "entity",
        lambda d: f"identity-split/{d.change_id}",
        "One record turned out to be two.",
        steward="master data",
    ),
    MessageType(
        ORDER_PLACED,
        orders.Order,
        "order",
        "order_id",
        order_key,
        "A channel submits an order.",
        steward="order desk",
    ),
    MessageType(
        ORDER_CHANGE_REQUESTED,
        orders.OrderChange,
        "order",
        "order_id",
        lambda d: f"order-change/{d.order_id}/{d.change_id}",
        "A channel wants other quantities, another address or another date.",
        steward="order desk",
    ),
    MessageType(
        ORDER_CANCELLATION_REQUESTED,
        orders.OrderCancellation,
        "order",
        "order_id",
        lambda d: f"cancellation/{d.order_id}/{d.cancellation_id}",
        "A channel wants an order or a part of it cancelled.",
        steward="order desk",
    ),
    MessageType(
        ORDER_PRIORITISED,
        steering.OrderPriority,
        "order",
        "order_id",
        lambda d: f"order-priority/{d.order_id}/{d.change_id}",
        "An order is more or less urgent.",
        steward="order desk",
    ),
    MessageType(
        ORDER_OVERRIDDEN,
        steering.OrderOverride,
        "order_override",
        "order_id",
        lambda d: f"order-override/{d.order_id}/{d.override_id}",
        "A person decides about an order against the rules.",
        steward="order desk",
    ),
    MessageType(
        ORDER_HOLD_PLACED,
        holds.OrderHold,
        "order_hold",
        "order_id",
        lambda d: f"order-hold/{d.order_id}/{d.hold_id}",
        "Somebody holds an order back.",
        steward="order desk",
    ),
    MessageType(
        ORDER_HOLD_RELEASED,
        holds.OrderHoldRelease,
        "order_hold",
        "order_id",
        lambda d: f"order-hold-release/{d.order_id}/{d.release_id}",
        "A hold of an order is let go.",
        steward="order desk",
    ),
    MessageType(
        STOCK_MOVED_V1,
        stock.StockMovementV1,
        "stock",
        "movement_id",
        lambda d: f"movement/{d.movement_id}",
        "Goods went from one state or site to another; superseded by version 2.",
        steward="warehouse operations",
    ),
    MessageType(
        STOCK_MOVED,
        stock.StockMovement,
        "stock",
        "movement_id",
        lambda d: f"movement/{d.movement_id}",
        "Goods went from one state or site to another.",
        steward="warehouse operations",
    ),
    MessageType(
        STOCK_ADJUSTED,
        stock.StockAdjustment,
        "stock",
        "adjustment_id",
        lambda d: f"adjustment/{d.adjustment_id}",
        "A count, an opening balance or a write-off corrected the stock.",
        steward="warehouse operations",
    ),
    MessageType(
        STOCK_COUNTED,
        counts.StockCount,
        "stock",
        "count_id",
        lambda d: f"count/{d.count_id}",
        "So many units of an account were counted.",
        steward="inventory control",
    ),
    MessageType(
        ADJUSTMENT_APPROVED,
        counts.AdjustmentApproval,
        "adjustment_approval",
        "adjustment_id",
        lambda d: f"approval/{d.adjustment_id}",
        "A large count or adjustment may be booked.",
        steward="inventory control",
    ),
    MessageType(
        ADJUSTMENT_REJECTED,
        counts.AdjustmentRejection,
        "adjustment_approval",
        "adjustment_id",
        lambda d: f"rejection/{d.adjustment_id}",
        "A large count or adjustment is not booked.",
        steward="inventory control",
    ),
    MessageType(
        TRANSFER_SHIPPED,
        transfers.TransferShipment,
        "transfer",
        "transfer_id",
        lambda d: f"transfer-shipped/{d.transfer_id}/{d.leg_id}",
        "Goods left a site for another.",
        steward="warehouse operations",
    ),
    MessageType(
        TRANSFER_RECEIVED,
        transfers.TransferReceipt,
        "transfer",
        "transfer_id",
        lambda d: f"transfer-received/{d.transfer_id}/{d.leg_id}",
        "Goods from another site arrived.",
        steward="warehouse operations",
    ),
    MessageType(
        LOT_CHANGED,
        lots.LotRecord,
        "lot",
        "lot",
        lambda d: f"lot/{d.item}/{d.lot}/{d.revision}",
        "A lot is new or has changed.",
        steward="quality assurance",
    ),
    MessageType(
        RECALL_ORDERED,
        lots.Recall,
        "recall",
        "recall_id",
        lambda d: f"recall/{d.recall_id}/{'lifted' if d.lifted else 'ordered'}",
        "Lots of an item are called back, or not any more.",
        steward="quality assurance",
    ),
    MessageType(
        RECEIPT_POSTED,
        stock.Receipt,
        "receipt",
        "receipt_id",
        lambda d: f"receipt/{d.site}/{d.receipt_id}",
        "Goods from a supplier were received.",
        steward="warehouse operations",
    ),
    MessageType(
        RELEASE_STOPPED,
        orders.ReleaseStopped,
        "pick",
        "order_id",
        lambda d: f"release-stopped/{d.site}/{d.release_cancellation_id}",
        "A warehouse says which cancelled units it will not pick any more.",
        steward="warehouse operations",
    ),
    MessageType(
        PICK_CONFIRMED,
        shipments.Pick,
        "pick",
        "order_id",
        lambda d: f"pick/{d.site}/{d.pick_id}",
        "Units were taken off the shelf, or were not found there.",
        steward="warehouse operations",
    ),
    MessageType(
        CARTON_PACKED,
        shipments.Pack,
        "pack",
        "order_id",
        lambda d: f"carton/{d.site}/{d.carton_id}",
        "A carton was closed.",
        steward="warehouse operations",
    ),
    MessageType(
        SHIPMENT_SHIPPED,
        shipments.Shipment,
        "shipment",
        "order_id",
        lambda d: f"shipment/{d.shipment_id}",
        "Goods left the house.",
        steward="transport",
    ),
    MessageType(
        RETURN_REQUESTED,
        returns.ReturnRequest,
        "return",
        "order_id",
        lambda d: f"return/{d.return_id}",
        "A customer wants to send goods back.",
        steward="returns desk",
    ),
    MessageType(
        RETURN_RECEIVED,
        returns.ReturnReceipt,
        "return_receipt",
        "order_id",
        lambda d: f"return-receipt/{d.site}/{d.return_receipt_id}",
        "Returned goods were received and inspected.",
        steward="warehouse operations",
    ),
    MessageType(
        INVOICE_POSTED,
        invoices.Invoice,
        "invoice",
        "order_id",
        lambda d: f"invoice/{d.invoice_id}",
        "Finance posted the invoice of a shipment.",
        steward="finance",
    ),
    MessageType(
        INVOICE_REJECTED,
        invoices.InvoiceRejected,
        "invoice",
        "order_id",
        lambda d: f"invoice-rejected/{d.shipment_id}/{d.correction}/{d.attempt}",
        "Finance will not post an invoice as it was asked.",
        steward="finance",
    ),
    MessageType(
        INVOICE_RETRIED,
        invoices.InvoiceRetry,
        "invoice",
        "order_id",
        lambda d: f"invoice-retried/{d.shipment_id}/{d.correction}/{d.attempt}",
        "A rejected or held invoice is to be asked for again.",
        steward="finance",
    ),
    MessageType(
        INVOICE_PAID,
        invoices.InvoicePaid,
        "invoice",
        "order_id",
        lambda d: f"payment/{d.payment_id}",
        "A customer paid an invoice, whole or in part.",
        steward="finance",
    ),
    MessageType(
        INVOICE_CORRECTED,
        invoices.InvoiceCorrection,
        "invoice",
        "order_id",
        lambda d: f"invoice-correction/{d.correction_id}",
        "An invoice charged too much: what is to be credited.",
        steward="finance",
    ),
    MessageType(
        CREDIT_POSTED,
        invoices.CreditMemo,
        "credit_memo",
        "order_id",
        lambda d: f"credit/{d.credit_memo_id}",
        "Finance posted a credit memo.",
        steward="finance",
    ),
    MessageType(
        PERIODS_CHANGED,
        invoices.AccountingPeriods,
        "accounting_period",
        "calendar",
        lambda d: f"accounting-periods/{d.calendar}/{d.revision}",
        "Finance closed periods, or opened them again.",
        steward="finance",
    ),
    MessageType(
        SHIPMENT_LINKED,
        shipments.ShipmentLink,
        "order",
        "order_id",
        lambda d: f"shipment-linked/{d.order_id}/{d.shipment_id}",
        "A shipment without an order belongs to this one.",
        steward="order desk",
    ),
    MessageType(
        SHIPMENT_CLOSED,
        shipments.ShipmentClosing,
        "order",
        "order_id",
        lambda d: f"shipment-closed/{d.order_id}/{d.shipment_id}",
        "A shipment without an order is not to be invoiced.",
        steward="order desk",
    ),
    MessageType(
        SHIPMENT_ASSIGNED,
        shipments.ShipmentAssignment,
        "order",
        "order_id",
        lambda d: "",
        "A shipment that was booked under another order belongs to this one.",
        inbound=False,
        steward="order desk",
    ),
    MessageType(
        CONTROL_TOTALS_REPORTED,
        controls.ControlTotals,
        "control_total",
        "day",
        lambda d: f"control-totals/{d.day}/{d.revision}",
        "What a system's own books add up to for a day.",
        steward="finance",
        by_source=True,
    ),
    MessageType(
        RETURN_INSPECTED,
        returns.ReturnInspection,
        "return_receipt",
        "order_id",
        lambda d: f"return-inspection/{d.site}/{d.inspection_id}",
        "Returned goods that stood apart were looked at.",
        steward="warehouse operations",
    ),
    MessageType(
        RETURN_SUBMITTED,
        returns.ReturnSubmission,
        "return",
        "return_id",
        lambda d: f"return-submission/{d.return_id}",
        "A customer wants to send goods back, and waits for the answer.",
        steward="returns desk",
    ),
    MessageType(
        RETURN_GRANTED,
        returns.ReturnRequest,
        "return",
        "order_id",
        lambda d: "",
        "A desk granted a return while its caller waited.",
        inbound=False,
        steward="returns desk",
    ),
    MessageType(
        RETURN_STATUS_CHANGED,
        returns.ReturnStatusChange,
        "return",
        "order_id",
        lambda d: f"return-status/{d.return_id}/{d.status}",
        "A return has come a step further.",
        inbound=False,
        steward="returns desk",
    ),
    MessageType(
        CREDIT_REQUESTED,
        invoices.CreditRequest,
        "credit_memo",
        "order_id",
        lambda d: f"credit-request/{d.credit_request_id}",
        "Finance is asked to credit goods that came back, or an invoice that was wrong.",
        inbound=False,
        steward="finance",
    ),
    MessageType(
        IDENTITY_ASKED,
        identities.IdentityQuestion,
        "identity",
        "entity",
        lambda d: "",
        "A held message names a number that nobody knows.",
        inbound=False,
        steward="master data",
    ),
    MessageType(
        MESSAGE_RETRIED,
        identities.MessageRetry,
        "identity",
        "message",
        lambda d: "",
        "A held message is to be decided again.",
        inbound=False,
        steward="operations planning",
    ),
    MessageType(
        MESSAGE_CORRECTED,
        operations.MessageCorrection,
        "operation",
        "message",
        lambda d: "",
        "A held or dead message is said again with other data.",
        inbound=False,
        steward="integration operations",
    ),
    MessageType(
        MESSAGE_OVERRIDDEN,
        operations.MessageOverride,
        "operation",
        "message",
        lambda d: "",
        "A message is said again in the name of its owner.",
        inbound=False,
        steward="integration operations",
    ),
    MessageType(
        MESSAGE_DISMISSED,
        operations.MessageDismissal,
        "operation",
        "message",
        lambda d: "",
        "A held or dead message will never be applied.",
        inbound=False,
        steward="integration operations",
    ),
    MessageType(
        CONDITION_ASSIGNED,
        operations.ConditionAssignment,
        "operation",
        "condition_id",
        lambda d: "",
        "A condition is somebody's to look at, or left alone for a while.",
        inbound=False,
        steward="integration operations",
    ),
    MessageType(
        CONDITION_CLOSED,
        operations.ConditionClosing,
        "operation",
        "condition_id",
        lambda d: "",
        "A person has settled a condition.",
        inbound=False,
        steward="integration operations",
    ),
    MessageType(
        EFFECT_RULED,
        operations.EffectRuling,
        "operation",
        "effect",
        lambda d: "",
        "A person says what becomes of a held effect.",
        inbound=False,
        steward="integration operations",
    ),
    MessageType(
        EFFECT_RESENT,
        operations.EffectResending,
        "operation",
        "effect",
        lambda d: "",
        "An effect is told once more on purpose.",
        inbound=False,
        steward="integration operations",
    ),
    MessageType(
        PAUSE_SWITCHED,
        pauses.PauseSwitch,
        "operation",
        "pause_id",
        lambda d: f"pause/{d.pause_id}/{d.switch}",
        "A rule that pauses flows begins or ends to hold.",
        inbound=False,
        steward="integration operations",
    ),
    MessageType(
        SEQUENCE_REQUESTED,
        sequences.SequenceRequest,
        "operation",
        "about",
        lambda d: f"sequence/{d.request_id}",
        "A source is asked for numbered messages that did not come.",
        inbound=False,
        steward="integration operations",
    ),
    MessageType(
        STOCK_GRANTED,
        stock.Grant,
        "stock",
        "order_id",
        lambda d: "",
        "Stock that came free was set aside for a waiting line.",
        inbound=False,
        steward="warehouse operations",
    ),
    MessageType(
        ORDER_REVIEW_REQUESTED,
        orders.OrderReview,
        "order",
        "order_id",
        lambda d: "",
        "An order is to be looked at again: what it waited for came.",
        inbound=False,
        steward="order desk",
    ),
    MessageType(
        ORDER_ADMITTED,
        orders.Order,
        "order",
        "order_id",
        lambda d: "",
        "An order that was taken while its channel waited is placed on its own key's turn.",
        inbound=False,
        steward="order desk",
    ),
    MessageType(
        ORDER_HOLD_LAPSED,
        holds.OrderHoldLapse,
        "order_hold",
        "order_id",
        lambda d: f"order-hold-lapse/{d.order_id}/{d.hold}",
        "The time of a hold is over.",
        inbound=False,
        steward="order desk",
    ),
    MessageType(
        POOL_CHANGED,
        stock.ChannelPool,
        "pool",
        "item",
        lambda d: f"pool/{d.item}/{d.site}/{d.channel}/{d.version}",
        "So many units of an item are set aside for one channel.",
        steward="sales operations",
    ),
    MessageType(
        RESERVATION_REQUESTED,
        reservations.ReservationRequest,
        "reservation",
        "reservation_id",
        lambda d: f"reservation/{d.reservation_id}",
        "A channel wants units set aside.",
        steward="inventory control",
    ),
    MessageType(
        RESERVATION_COMMITTED,
        reservations.ReservationCommitment,
        "reservation",
        "reservation_id",
        lambda d: f"reservation-commit/{d.reservation_id}/{d.attempt}",
        "Reserved units are sold, whole or in part.",
        steward="inventory control",
        by_source=True,
    ),
    MessageType(
        RESERVATION_RELEASED,
        reservations.ReservationRelease,
        "reservation",
        "reservation_id",
        lambda d: f"reservation-release/{d.reservation_id}/{d.attempt}",
        "Reserved units are not wanted any more.",
        steward="inventory control",
        by_source=True,
    ),
    MessageType(
        RESERVATION_ANSWERED,
        reservations.ReservationAnswer,
        "reservation",
        "reservation_id",
        lambda d: "",
        "What became of a reservation.",
        inbound=False,
        steward="inventory control",
    ),
    MessageType(
        ORDER_RELEASED,
        orders.Release,
        "release",
        "order_id",
        lambda d: f"release/{d.release_id}",
        "A warehouse is asked to fulfil reserved quantities.",
        inbound=False,
        steward="warehouse operations",
    ),
    MessageType(
        ORDER_RELEASE_CANCELLED,
        orders.ReleaseCancellation,
        "release",
        "order_id",
        lambda d: f"release-cancellation/{d.release_cancellation_id}",
        "A warehouse is asked to stop work on quantities.",
        inbound=False,
        steward="warehouse operations",
    ),
    MessageType(
        ORDER_RELEASE_CHANGED,
        steering.ReleaseChange,
        "release",
        "order_id",
        lambda d: f"release-change/{d.order_id}/{d.site}/{d.version}",
        "A warehouse is told where to, when and how urgently it sends what it was asked for.",
        inbound=False,
        steward="warehouse operations",
    ),
    MessageType(
        SHIPMENT_INTERCEPT_REQUESTED,
        steering.ShipmentIntercept,
        "intercept",
        "order_id",
        lambda d: f"intercept/{d.intercept_id}",
        "Whoever carries goods that were cancelled too late is asked to turn round.",
        inbound=False,
        steward="transport",
    ),
    MessageType(
        ORDER_ACKNOWLEDGED,
        submissions.OrderAcknowledgement,
        "order_notice",
        "order_id",
        lambda d: f"order-acknowledgement/{d.order_id}/{d.version}",
        "What the house makes of each line of an order, and each change of that.",
        inbound=False,
        steward="order desk",
    ),
    MessageType(
        ORDER_PROGRESSED,
        submissions.OrderProgress,
        "order_notice",
        "order_id",
        lambda d: f"order-progress/{d.order_id}/{d.version}",
        "An order reached a milestone.",
        inbound=False,
        steward="order desk",
    ),
    MessageType(
        ORDER_STATUS_CHANGED,
        orders.OrderStatusChange,
        "order",
        "order_id",
        lambda d: f"order-status/{d.order_id}/{d.status}",
        "An order's derived status moved.",
        inbound=False,
        steward="order desk",
    ),
    MessageType(
        RETURN_AUTHORISED,
        returns.ReturnAuthorisation,
        "return",
        "order_id",
        lambda d: f"return-authorisation/{d.return_id}",
        "A return may come back.",
        inbound=False,
        steward="returns desk",
    ),
    MessageType(
        INVOICE_REQUESTED,
        invoices.InvoiceRequest,
        "invoice",
        "order_id",
        lambda d: f"invoice-request/{d.shipment_id}",
        "Finance is asked to invoice a shipment.",
        inbound=False,
        steward="finance",
    ),
    MessageType(
        AVAILABILITY_PUBLISHED,
        stock.Availability,
        "availability",
        "item",
        lambda d: f"availability/{d.channel}/{d.item}/{d.version}",
        "What a channel may promise has changed.",
        inbound=False,
        steward="inventory control",
    ),
    MessageType(
        STOCK_POSTING_REQUESTED,
        postings.StockPosting,
        "stock_posting",
        "posting_id",
        lambda d: f"stock-posting/{d.posting_id}/{d.attempt}",
        "Finance is asked to change its stock.",
        inbound=False,
        steward="finance",
    ),
    MessageType(
        STOCK_POSTED,
        postings.StockPosted,
        "stock_posting",
        "posting_id",
        lambda d: f"stock-posted/{d.posting_id}",
        "Finance has changed its stock as it was asked.",
        steward="finance",
    ),
    MessageType(
        STOCK_POSTING_REJECTED,
        postings.StockPostingRejected,
        "stock_posting",
        "posting_id",
        lambda d: f"stock-posting-rejected/{d.posting_id}/{d.attempt}",
        "Finance will not change its stock as it was asked.",
        steward="finance",
    ),
    MessageType(
        STOCK_POSTING_RETRIED,
        postings.StockPostingRetry,
        "stock_posting",
        "posting_id",
        lambda d: f"stock-posting-retried/{d.posting_id}/{d.attempt}",
        "A rejected posting is to be asked for again.",
        steward="finance",
    ),
    MessageType(
        POSTING_PERIOD_ENDED,
        postings.PostingPeriod,
        "stock_posting",
        "site",
        lambda d: f"posting-period/{d.site}/{d.period}/{d.closing}",
        "A day of a site is over: what was not posted is added up.",
        inbound=False,
        steward="finance",
    ),
    MessageType(
        PURCHASE_ORDER_CHANGED,
        purchasing.PurchaseOrder,
        "purchase_order",
        "purchase_order",
        lambda d: f"expected/{d.purchase_order}/{d.revision}",
        "Goods were ordered from a supplier, and are expected at a time.",
        steward="purchasing",
    ),
    MessageType(
        STOCK_POLICY_CHANGED,
        replenishment.StockPolicy,
        "stock_policy",
        "item",
        lambda d: f"stock-policy/{d.site}/{d.item}/{d.revision}",
        "Planning says how much of an item a site keeps, and when to fetch more.",
        steward="inventory control",
    ),
    MessageType(
        STOCK_POLICY_REVIEWED,
        replenishment.StockPolicyReview,
        "stock_policy",
        "item",
        lambda d: "",
        "Free stock crossed the reorder point of a site.",
        inbound=False,
        steward="inventory control",
    ),
    MessageType(
        REPLENISHMENT_REQUESTED,
        replenishment.ReplenishmentRequest,
        "replenishment",
        "item",
        lambda d: f"replenishment/{d.request_id}",
        "A site runs low on an item and needs more.",
        inbound=False,
        steward="inventory control",
    ),
    MessageType(
        RECORD_SET_ASIDE,
        records.RecordSetAside,
        "record",
        "key",
        lambda d: "",
        "A record of a far system could not be read; it is kept whole and held.",
        inbound=False,
        steward="integration operations",
    ),
    MessageType(
        FEED_OVERRAN,
        records.FeedOverrun,
        "feed",
        "key",
        lambda d: f"feed/{d.key}/{d.due}",
        "A run of a feed was not at its end when the next one was due.",
        inbound=False,
        steward="integration operations",
    ),
    MessageType(
        TIMER_FIRED,
        timers.TimerFired,
        "timer",
        "id",
        lambda d: f"timer/{d.kind}/{d.id}/{d.revision}",
        "The time that a document waited for has passed.",
        inbound=False,
        steward="integration operations",
    ),
    MessageType(
        RATE_REQUESTED,
        parcels.RateRequest,
        "rate",
        "order_id",
        lambda d: f"rate-request/{d.request_id}",
        "Carriers are asked what a carton would cost.",
        inbound=False,
        steward="transport",
    ),
    MessageType(
        RATE_QUOTED,
        parcels.RateQuote,
        "rate",
        "order_id",
        lambda d: f"rate-quote/{d.request_id}",
        "A carrier says what a carton would cost.",
        steward="transport",
        by_source=True,
    ),
    MessageType(
        LABEL_REQUESTED,
        parcels.LabelRequest,
        "label",
        "order_id",
        lambda d: f"label-request/{d.request_id}",
        "A carrier is asked for a label.",
        inbound=False,
        steward="transport",
    ),
    MessageType(
        LABEL_BOUGHT,
        parcels.Label,
        "label",
        "order_id",
        lambda d: f"label/{d.request_id}",
        "A carrier sold a label, or had sold it before.",
        steward="transport",
        by_source=True,
    ),
    MessageType(
        LABEL_DECLINED,
        parcels.LabelDecline,
        "label",
        "order_id",
        lambda d: f"label-decline/{d.request_id}",
        "A carrier will not sell a label, or not void it.",
        steward="transport",
        by_source=True,
    ),
    MessageType(
        LABEL_VOID_REQUESTED,
        parcels.LabelVoid,
        "label",
        "order_id",
        lambda d: f"label-void/{d.request_id}",
        "A carrier is asked to void a label.",
        inbound=False,
        steward="transport",
    ),
    MessageType(
        LABEL_VOIDED,
        parcels.LabelVoided,
        "label",
        "order_id",
        lambda d: f"label-voided/{d.request_id}",
        "A carrier voided a label, or has none to void.",
        steward="transport",
        by_source=True,
    ),
    MessageType(
        PARCEL_POSTING_REQUESTED,
        parcels.ParcelPosting,
        "parcel_posting",
        "order_id",
        lambda d: f"parcel-posting/{d.request_id}",
        "Finance is asked to post a labelled carton.",
        inbound=False,
        steward="finance",
    ),
    MessageType(
        PARCEL_POSTING_CANCELLED,
        parcels.ParcelPostingCancellation,
        "parcel_posting",
        "order_id",
        lambda d: f"parcel-posting-cancelled/{d.request_id}",
        "Finance is asked to take a carton's posting back.",
        inbound=False,
        steward="finance",
    ),
    MessageType(
        BOOKING_REQUESTED,
        parcels.Booking,
        "booking",
        "order_id",
        lambda d: f"booking/{d.request_id}",
        "Transport is booked for a carton.",
        inbound=False,
        steward="transport",
    ),
    MessageType(
        BOOKING_CANCELLED,
        parcels.BookingCancellation,
        "booking",
        "order_id",
        lambda d: f"booking-cancelled/{d.request_id}",
        "A carton's transport is not needed any more.",
        inbound=False,
        steward="transport",
    ),
    MessageType(
        NOTICE_REQUESTED,
        parcels.Notice,
        "notice",
        "order_id",
        lambda d: f"notice/{d.request_id}",
        "A customer is to be written to.",
        inbound=False,
        steward="customer service",
    ),
    MessageType(
        PARCEL_PROGRESSED,
        parcels.ParcelProgress,
        "parcel",
        "order_id",
        lambda d: f"parcel-progress/{d.request_id}",
        "Dashboards hear how far a carton is.",
        inbound=False,
        steward="analytics",
    ),
    MessageType(
        EFFECT_SETTLED,
        effects.EffectSettled,
        "effect",
        "id",
        lambda d: f"effect-settled/{d.effect}/{d.attempt}",
        "What a document asked to be told has ended, or waits for a person.",
        inbound=False,
        steward="integration operations",
    ),
    MessageType(
        SAGA_INSTRUCTED,
        sagas.SagaInstruction,
        "saga",
        "key",
        lambda d: "",
        "A person moves an instance of a recipe on.",
        inbound=False,
        steward="integration operations",
    ),
    MessageType(
        PROPOSAL_MADE,
        proposals.Proposal,
        "proposal",
        "proposal_id",
        lambda d: f"proposal/{d.proposal_id}",
        "Somebody else wants to write what is the told system's own.",
        inbound=False,
        steward="master data",
    ),
    MessageType(
        PROPOSAL_SETTLED,
        proposals.ProposalSettlement,
        "proposal",
        "proposal_id",
        lambda d: f"proposal-settled/{d.proposal_id}",
        "An owner accepts or declines what was proposed to it.",
        steward="master data",
        by_source=True,
    ),
)

CATALOGUE: dict[str, MessageType] = {row.name: row for row in _ROWS}

TOLD = frozenset(
    {
        ITEM_CHANGED,
        PARTY_CHANGED,
        SITE_CHANGED,
        CHANNEL_CHANGED,
        LOCATION_CHANGED,
        PRICE_CHANGED,
        ORDER_RELEASED,
        ORDER_RELEASE_CANCELLED,
        ORDER_STATUS_CHANGED,
        ORDER_RELEASE_CHANGED,
        ORDER_ACKNOWLEDGED,
        ORDER_PROGRESSED,
        SHIPMENT_INTERCEPT_REQUESTED,
        RECEIPT_POSTED,
        SHIPMENT_SHIPPED,
        RETURN_AUTHORISED,
        RETURN_STATUS_CHANGED,
        INVOICE_REQUESTED,
        CREDIT_REQUESTED,
        AVAILABILITY_PUBLISHED,
        RESERVATION_ANSWERED,
        PROPOSAL_MADE,
        STOCK_POSTING_REQUESTED,
        SEQUENCE_REQUESTED,
        REPLENISHMENT_REQUESTED,
        RATE_REQUESTED,
        LABEL_REQUESTED,
        LABEL_VOID_REQUESTED,
        PARCEL_POSTING_REQUESTED,
        PARCEL_POSTING_CANCELLED,
        BOOKING_REQUESTED,
        BOOKING_CANCELLED,
        NOTICE_REQUESTED,
        PARCEL_PROGRESSED,
    }
)
"""What the deciders make effects of; the rest stays on the log."""

WHOLE_STATES = frozenset({ORDER_STATUS_CHANGED})
"""What each says all that the one before it said: of these a system may be told the newest only.
Availability is told so always, by its versions."""


def is_told(row: MessageType) -> bool:
    """Whether the hub tells far systems messages of this type."""
    return row.name in TOLD


def check_names(rows: tuple[MessageType, ...] = _ROWS) -> list[str]:
    """Every breach of the naming standard, in words; none for a sound catalogue."""
    problems = [
        f"{row.name}: not crossdock.<noun>.<participle>.v<n>"
        for row in rows
        if NAME.match(row.name) is None
    ]
    problems += [
        f"{row.name}: noun {row.noun.__name__} has no field {row.key!r}"
        for row in rows
        if row.key not in row.noun.__struct_fields__
    ]
    problems += [f"{row.name}: no steward" for row in rows if not row.steward]
    if len({row.name for row in rows}) != len(rows):
        problems.append("a name stands twice")
    return problems
