"""Certifying: what holds, what is broken and what was not asked."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from crossdock.connectors.vendure.client import KIND
from crossdock.runtime.certifying import Certifier, Checked, Verdict
from crossdock.testing.builders import StillClock, at
from crossdock.testing.fakes.fake import Asked, Reply
from crossdock.testing.fakes.vendure import FakeVendure

PAGES = "feed orders is read page by page"
TWICE = "crossdock.shipment.shipped.v1 (shop/shipment/S-1): told twice, done once"
CREDENTIAL = "a wrong credential is not let in"


class LetsAnybodyIn(FakeVendure):
    """A sandbox without a door."""

    def answer(self, asked: Asked) -> Reply:
        """Log anybody in."""
        said = (asked.json.get("variables") or {}) if asked.body else {}
        if "password" in said:
            return super()._log_in({"password": self.settings()["credential"]})
        return super().answer(asked)


class ForgetsShipments(FakeVendure):
    """A shop whose fulfilments get another method than they were given."""

    def _fulfil(self, variables: dict[str, Any]) -> Any:
        made = super()._fulfil(variables)
        for order in self._orders.values():
            for one in order["fulfillments"]:
                one["method"] = "by hand"
        return made


def certified(fake: FakeVendure, *, tell: bool = True) -> dict[str, Checked]:
    """What comes of certifying against a fake, by check."""

    async def scene() -> list[Checked]:
        async with fake.listening():
            settings = msgspec.convert(fake.settings(), KIND.settings)
            return await Certifier(KIND, settings, StillClock(), tell=tell).certify()

    return {one.check: one for one in asyncio.run(scene())}


def broken(checked: dict[str, Checked]) -> list[str]:
    """The checks that are broken."""
    return [name for name, one in checked.items() if one.verdict is Verdict.BROKEN]


def test_a_sound_system_is_certified() -> None:
    """Nothing is broken, and the documents are told."""
    checked = certified(FakeVendure())
    assert broken(checked) == []
    assert checked[TWICE] == Checked(TWICE, Verdict.HOLDS, "F1")


def test_nothing_is_told_unless_it_is_wished() -> None:
    """Without `tell` the sandbox is only read, and the report says what was left out."""
    fake = FakeVendure()
    stood = dict(fake.effects())
    checked = certified(fake, tell=False)
    assert checked[TWICE].verdict is Verdict.SKIPPED
    assert dict(fake.effects()) == stood


def test_a_record_that_nobody_understands_is_shown_with_its_place() -> None:
    """Whoever certifies must know which code is missing."""
    fake = FakeVendure()
    fake.change("orders", 1, at(0))
    fake.spoil("orders", 1)
    checked = certified(fake, tell=False)
    assert broken(checked) == [PAGES]
    assert "at $.state found 'Teleported'" in checked[PAGES].words


def test_a_system_that_lets_anybody_in_is_not_certified() -> None:
    """A wrong credential that reads the orders is no proof of anything."""
    checked = certified(LetsAnybodyIn(), tell=False)
    assert broken(checked) == [CREDENTIAL]


def test_two_effects_of_one_document_are_not_certified() -> None:
    """What cannot be found again is made again: the second number is another one."""
    checked = certified(ForgetsShipments())
    assert checked[TWICE] == Checked(TWICE, Verdict.BROKEN, "F1, then F2: two effects")
