"""Carrier, TMS and notifier keep books of their own: nothing is sold, booked or told twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crossdock.contracts import catalogue, parcels
from crossdock.contracts.vocabulary import LabelState, Occasion
from crossdock.estate.carrier import Carrier
from crossdock.estate.config import CarrierConfig, NotifierConfig, TmsConfig
from crossdock.estate.notifier import Notifier
from crossdock.estate.system import Declined
from crossdock.estate.tms import Tms

HUB = "http://127.0.0.1:1"
LABEL = parcels.LabelRequest(request_id="r/K-1/1", order_id="O", carton_id="K-1", site="EAST")


def void(label_request: str, account: str | None = None) -> parcels.LabelVoid:
    """A wish to void what was asked for under a number."""
    return parcels.LabelVoid(
        request_id=f"v/{label_request}",
        order_id="O",
        label_request=label_request,
        account=account,
    )


class _AtOnce:
    """Work that is done when it is given."""

    def later(self, seconds: float, job: Callable[[], None]) -> None:
        """Do it now."""
        job()


def carrier(**settings: Any) -> tuple[Carrier, list[Any]]:
    """A carrier that is not started, and what it says."""
    found = Carrier("carrier", CarrierConfig(**settings), HUB, 1, "127.0.0.1")
    said: list[Any] = []
    vars(found)["say"] = lambda kind, noun, **_: said.append(noun)
    vars(found)["work"] = _AtOnce()
    return found, said


def test_a_label_is_sold_once_per_request() -> None:
    """Asked twice under one number it is one label; under another, two that are too many."""
    seller, said = carrier()
    sell = seller.handlers()[catalogue.LABEL_REQUESTED]
    assert sell(LABEL) == sell(LABEL)
    assert seller.books(brief=True)["labels_active"] == 1
    assert [one.state for one in said] == [LabelState.ACTIVE, LabelState.ACTIVE]
    sell(parcels.LabelRequest(request_id="r/K-1/2", order_id="O", carton_id="K-1", site="EAST"))
    assert seller.books(brief=True)["labels_too_many"] == 1


def test_a_void_says_what_it_found() -> None:
    """A label is void once; of what was never sold, or is void already, nothing is found."""
    seller, said = carrier()
    seller.handlers()[catalogue.LABEL_REQUESTED](LABEL)
    undo = seller.handlers()[catalogue.LABEL_VOID_REQUESTED]
    undo(void("r/K-1/1"))
    undo(void("r/K-1/1"))
    undo(void("r/K-9/1"))
    assert [one.found for one in said[1:]] == [True, False, False]
    assert seller.books(brief=True)["labels_active"] == 0


def test_a_void_for_another_account_is_declined() -> None:
    """The account that bought a label is the one in which it is void (P49)."""
    seller, _ = carrier(account="ACC-1")
    seller.handlers()[catalogue.LABEL_REQUESTED](LABEL)
    with pytest.raises(Declined, match="ACC-2"):
        seller.handlers()[catalogue.LABEL_VOID_REQUESTED](void("r/K-1/1", "ACC-2"))
    assert seller.books(brief=True)["labels_active"] == 1


def test_a_stale_carrier_answers_with_a_cancelled_label_once() -> None:
    """The first request is answered so, and sells nothing; the second sells (P48)."""
    seller, said = carrier(stale=1.0)
    sell = seller.handlers()[catalogue.LABEL_REQUESTED]
    sell(LABEL)
    sell(parcels.LabelRequest(request_id="r/K-1/2", order_id="O", carton_id="K-1", site="EAST"))
    assert [one.state for one in said] == [LabelState.CANCELLED, LabelState.ACTIVE]
    assert seller.books(brief=True)["labels"] == 1


def test_a_cancelled_booking_does_not_stand() -> None:
    """Nor does one that its cancellation overtook."""
    tms = Tms("tms", TmsConfig(), HUB, 1, "127.0.0.1")
    book, cancel = tms.handlers().values()
    asked = parcels.Booking(
        request_id="b/1", order_id="O", carton_id="K-1", site="EAST", tracking="T"
    )
    book(asked)
    assert tms.by_carton() == {"K-1": 1}
    cancel(parcels.BookingCancellation(request_id="c/1", order_id="O", booking_request="b/1"))
    book(asked)
    assert tms.by_carton() == {}


def test_a_notice_twice_is_seen() -> None:
    """The notifier counts per carton."""
    notifier = Notifier("notifier", NotifierConfig(), HUB, 1, "127.0.0.1")
    notice = parcels.Notice(
        request_id="n/1",
        order_id="O",
        customer="C",
        occasion=Occasion.PARCEL_READY,
        carton_id="K-1",
    )
    tell = notifier.handlers()[catalogue.NOTICE_REQUESTED]
    tell(notice)
    assert notifier.books(brief=True)["notices_twice"] == 0
    tell(notice)
    assert notifier.books(brief=True)["notices_twice"] == 1
