"""The sections `taxes`, `invoicing` and `returns`: how a house charges, and what it takes back."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar

from crossdock.contracts.money import Remainder, RoundingMode
from crossdock.contracts.vocabulary import Disposition, ReturnCondition, ReturnReason
from crossdock.orders.charges import (
    ANYWHERE,
    RATE_SCALE,
    ClosedPeriod,
    MoneyRules,
    RoundedPer,
    TaxRate,
    TaxRounding,
)
from crossdock.orders.credits import CreditRules
from crossdock.returns.authorisation import BlindReturns, ReturnRules
from crossdock.runtime.config_reader import Reader

Word = TypeVar("Word", bound=StrEnum)


def read_money(
    reader: Reader, taxes: Mapping[str, Any], invoicing: Mapping[str, Any]
) -> MoneyRules:
    """What the file says of taxes and invoices; without rates the hub knows no tax."""
    reader.only(taxes, "taxes", ("rates", "rounding"))
    reader.only(invoicing, "invoicing", ("over_ship_percent", "closed_periods"))
    return MoneyRules(
        rates=tuple(_rate(reader, one, where) for one, where in _listed(reader, taxes, "rates")),
        rounding=tuple(
            _rounding(reader, one, where) for one, where in _listed(reader, taxes, "rounding")
        ),
        over_ship_percent=reader.number(invoicing, "over_ship_percent", "invoicing", 0, 0, 100),
        closed_period=reader.choice(
            invoicing, "closed_periods", "invoicing", ClosedPeriod, ClosedPeriod.NEXT_OPEN
        ),
    )


def read_returns(reader: Reader, section: Mapping[str, Any]) -> tuple[ReturnRules, CreditRules]:
    """What the file says of returns and what is paid back for them."""
    where = "returns"
    known = ("days", "reasons", "conditions", "blind", "credited", "fee_percent")
    reader.only(section, where, known)
    default = CreditRules()
    rules = ReturnRules(
        days=reader.number(section, "days", where, 0, 1, 36500) if "days" in section else None,
        reasons=_words(reader, section, "reasons", ReturnReason, frozenset(ReturnReason)),
        conditions=_words(
            reader, section, "conditions", ReturnCondition, frozenset(ReturnCondition)
        ),
        blind=reader.choice(section, "blind", where, BlindReturns, BlindReturns.HOLD),
    )
    return rules, CreditRules(
        credited=_words(reader, section, "credited", Disposition, default.credited),
        fee_percent=reader.number(section, "fee_percent", where, 0, 0, 100),
    )


def _listed(
    reader: Reader, section: Mapping[str, Any], name: str
) -> list[tuple[dict[str, Any], str]]:
    found = section.get(name, [])
    if not isinstance(found, list):
        reader.wrong(f"taxes.{name}", found, "a list")
        return []
    places = [(one, f"taxes.{name}[{number}]") for number, one in enumerate(found)]
    return [(reader.section(one, where), where) for one, where in places]


def _rate(reader: Reader, one: dict[str, Any], where: str) -> TaxRate:
    reader.only(one, where, ("country", "code", "percent"))
    said = one.get("percent")
    rate = 0
    try:
        scaled = Decimal(str(said)) * RATE_SCALE / 100
        if scaled != int(scaled) or not 0 <= scaled <= RATE_SCALE:
            raise ValueError
        rate = int(scaled)
    except (InvalidOperation, ValueError, OverflowError):
        reader.wrong(f"{where}.percent", said, "a percentage from 0 to 100 in hundredths: 19, 5.5")
    return TaxRate(
        rate,
        reader.text(one, "country", where, ANYWHERE),
        reader.text(one, "code", where),
    )


def _rounding(reader: Reader, one: dict[str, Any], where: str) -> TaxRounding:
    reader.only(one, where, ("country", "currency", "per", "mode", "remainder"))
    default = TaxRounding()
    return TaxRounding(
        reader.choice(one, "per", where, RoundedPer, default.per),
        reader.choice(one, "mode", where, RoundingMode, default.mode),
        reader.choice(one, "remainder", where, Remainder, default.remainder),
        reader.text(one, "country", where, ANYWHERE),
        reader.text(one, "currency", where, ANYWHERE),
    )


def _words(
    reader: Reader,
    section: Mapping[str, Any],
    name: str,
    kind: type[Word],
    default: frozenset[Word],
) -> frozenset[Word]:
    if name not in section:
        return default
    said = reader.texts(section[name], f"returns.{name}")
    for one in said:
        if one not in set(kind):
            reader.wrong(f"returns.{name}", one, f"one of {', '.join(kind)}")
    return frozenset(kind(one) for one in said if one in set(kind))
