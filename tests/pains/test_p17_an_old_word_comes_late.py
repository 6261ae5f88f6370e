"""P17: a late webhook with an old status overwrote the newer one.

Whatever is told of an order bears the order's version, and says how things stand, whole. Who keeps
the highest version and leaves lower ones aside ends right, in whatever order he hears.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any

from crossdock.contracts import catalogue
from tests.pains.order_house import (
    cancelled,
    changed,
    house,
    invoiced,
    messages,
    placed,
    shipped,
    telling,
    told,
)


def heard(said: tuple[Any, ...]) -> Any:
    """What a careful listener believes in the end."""
    known = said[0]
    for one in said[1:]:
        known = one if one.version > known.version else known
    return known


def test_a_listener_who_minds_the_version_never_goes_back() -> None:
    """Acknowledgements and milestones alike, in every order of hearing."""
    hub = house(telling("shop"))
    said = [placed(quantity=4), changed(6), cancelled(1), shipped(5), invoiced(5)]
    for message in messages(said):
        hub.tell(message)
    for kind in (catalogue.ORDER_ACKNOWLEDGED, catalogue.ORDER_PROGRESSED):
        words = told(hub, "shop", kind)
        assert len(words) >= 3
        versions = [one.version for one in words]
        assert versions == sorted(set(versions)), (
            "each says something new under a version of its own"
        )
        assert {heard(order) for order in permutations(words)} == {words[-1]}


def test_what_comes_late_to_the_hub_itself_changes_nothing_either() -> None:
    """An older revision of a line is superseded by the newer, and tells nobody anything."""
    hub = house(telling("shop"))
    newer, order, older = messages([changed(7, 2), placed(quantity=5), changed(3, 1)])
    hub.tell(newer, order)
    before = told(hub, "shop", catalogue.ORDER_ACKNOWLEDGED)
    hub.tell(older)
    assert hub.order("O1").lines["1"].ordered == 7
    assert told(hub, "shop", catalogue.ORDER_ACKNOWLEDGED) == before
