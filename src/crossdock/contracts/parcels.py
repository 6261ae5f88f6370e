"""What follows from a packed carton: rates, a label, the ERP's posting, a booking, a notice (R68).

Every request has a number of its own, `request_id`, under which its answer comes and by which the
far side can be asked. All of one order, so that an answer finds what it answers.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from crossdock.contracts.orders import LineQuantity
from crossdock.contracts.vocabulary import LabelState, Occasion
from crossdock.contracts.words import (
    Address,
    AmountMinor,
    Currency,
    Identifier,
    Noun,
    Quantity,
    Text,
)
from crossdock.kernel.limits import DOCUMENT_LINES_MAX

Lines = Annotated[tuple[LineQuantity, ...], Meta(max_length=DOCUMENT_LINES_MAX)]


class RateRequest(Noun, frozen=True, kw_only=True):
    """What would it cost to carry this carton?"""

    request_id: Identifier
    order_id: Identifier
    carton_id: Identifier
    site: Identifier
    ship_to: Address = Address()
    weight_grams: Quantity | None = None


class RateQuote(Noun, frozen=True, kw_only=True):
    """So much it would cost, by this service."""

    request_id: Identifier
    order_id: Identifier
    price_minor: AmountMinor
    currency: Currency
    service: Text = ""


class LabelRequest(Noun, frozen=True, kw_only=True):
    """Sell us a label for this carton."""

    request_id: Identifier
    order_id: Identifier
    carton_id: Identifier
    site: Identifier
    ship_to: Address = Address()
    weight_grams: Quantity | None = None
    service: Text = ""


class Label(Noun, frozen=True, kw_only=True):
    """A label that was asked for, as it stands there: it may be cancelled already (P48)."""

    request_id: Identifier
    order_id: Identifier
    label_id: Identifier
    account: Identifier  # which of our accounts there paid for it (P49)
    tracking: Identifier
    state: LabelState
    price_minor: AmountMinor
    currency: Currency
    service: Text = ""


class LabelDecline(Noun, frozen=True, kw_only=True):
    """The carrier will not do what the request says: sell a label, or void one."""

    request_id: Identifier
    order_id: Identifier
    reason: Text


class LabelVoid(Noun, frozen=True, kw_only=True):
    """Void the label that was asked for under `label_request`, if there is one."""

    request_id: Identifier
    order_id: Identifier
    label_request: Identifier
    label_id: Identifier | None = None  # None: whether there is one, nobody knows
    account: Identifier | None = None


class LabelVoided(Noun, frozen=True, kw_only=True):
    """It is void; `found` is false where there was no such label."""

    request_id: Identifier
    order_id: Identifier
    found: bool = True


class ParcelPosting(Noun, frozen=True, kw_only=True):
    """Post a packed and labelled carton: its tracking, and what its label cost."""

    request_id: Identifier
    order_id: Identifier
    carton_id: Identifier
    site: Identifier
    lines: Lines
    tracking: Identifier
    price_minor: AmountMinor
    currency: Currency


class ParcelPostingCancellation(Noun, frozen=True, kw_only=True):
    """Take back the posting that was asked for under `posting_request`."""

    request_id: Identifier
    order_id: Identifier
    posting_request: Identifier


class Booking(Noun, frozen=True, kw_only=True):
    """Book transport for a carton."""

    request_id: Identifier
    order_id: Identifier
    carton_id: Identifier
    site: Identifier
    tracking: Identifier
    ship_to: Address = Address()
    weight_grams: Quantity | None = None


class BookingCancellation(Noun, frozen=True, kw_only=True):
    """Cancel the booking that was asked for under `booking_request`, if there is one."""

    request_id: Identifier
    order_id: Identifier
    booking_request: Identifier


class Notice(Noun, frozen=True, kw_only=True):
    """Write to a customer."""

    request_id: Identifier
    order_id: Identifier
    customer: Identifier
    occasion: Occasion
    carton_id: Identifier | None = None
    tracking: Identifier | None = None


class ParcelProgress(Noun, frozen=True, kw_only=True):
    """How far a carton is: for dashboards and analytics."""

    request_id: Identifier
    order_id: Identifier
    carton_id: Identifier
    site: Identifier
    tracking: Identifier
    price_minor: AmountMinor
    currency: Currency
