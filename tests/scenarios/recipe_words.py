"""The words in which people speak of recipes in a story: who is asked, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from crossdock.contracts import catalogue, parcels, shipments
from crossdock.contracts.effects import EffectSettled
from crossdock.contracts.sagas import SagaInstruction
from crossdock.contracts.vocabulary import EffectEnd, LabelState, SagaAction
from crossdock.contracts.words import Noun
from crossdock.log.records import Verdict
from crossdock.sagas.policy import Policy
from crossdock.sagas.recipes.book import RecipeBook
from crossdock.sagas.recipes.goods_back import RETURN
from crossdock.sagas.recipes.invoice_match import INVOICE_MATCH
from crossdock.sagas.recipes.order_to_ship import ORDER_TO_SHIP
from crossdock.sagas.recipes.parcel.recipe import PARCEL
from crossdock.sagas.recipes.words import advice, awaited, residue
from crossdock.testing.far import FarSides, told_of_parcels
from crossdock.testing.hub import SmallHub

Said = tuple[str, Noun]
_ORDER = "O1"  # whose cartons stories speak of, where a line does not say


_CHECKED = PARCEL.steps[0]
_LATER = tuple(
    replace(one, after=tuple("checked" if n == "order-checked" else n for n in one.after))
    for one in PARCEL.steps[1:]
)
NEWER = replace(
    PARCEL,
    version=2,
    steps=(replace(_CHECKED, name="checked"), *_LATER[:-1]),
    renamed={1: {"order-checked": "checked"}},
)
"""A version that calls a step otherwise, and reports to nobody."""

WITHOUT = replace(PARCEL, version=3, steps=(replace(PARCEL.steps[5], after=()),))
"""A version in which cartons only leave."""


def parcels_told(policy: Policy) -> Policy:
    """The house that carries out the recipe of a parcel, with one carrier."""
    return replace(told_of_parcels(policy), recipes=RecipeBook((PARCEL,)))


def rates_asked(policy: Policy) -> Policy:
    """The same with two carriers, whose rates are asked for."""
    both = ("carrier", "courier")
    return replace(told_of_parcels(policy, rate=both, label=both), recipes=RecipeBook((PARCEL,)))


def orders_watched(policy: Policy) -> Policy:
    """The house that keeps the time of its orders."""
    return replace(policy, recipes=RecipeBook((ORDER_TO_SHIP,)))


def returns_watched(policy: Policy) -> Policy:
    """The house that keeps the time of its returns."""
    return replace(policy, recipes=RecipeBook((RETURN,)))


def invoices_watched(policy: Policy) -> Policy:
    """The house that keeps the time of its invoices."""
    return replace(policy, recipes=RecipeBook((INVOICE_MATCH,)))


HOUSES: dict[str, Callable[[Policy], Policy]] = {
    "carries out parcels": parcels_told,
    "carries out parcels, with rates": rates_asked,
    "watches orders": orders_watched,
    "watches returns": returns_watched,
    "watches invoices": invoices_watched,
}
"""House rules about recipes."""


def renewed(policy: Policy) -> Policy:
    """The same house after later versions were added."""
    return replace(policy, recipes=RecipeBook((PARCEL, NEWER, WITHOUT)))


def ends(hub: SmallHub, now: float, key: str, how: str, words: str = "") -> None:
    """An effect that was told ends so."""
    far = FarSides(hub)
    far.now = now
    far.ends(key, Verdict(how), words)


def saga(hub: SmallHub, number: str) -> str:
    """How an instance stands, and the list of what is done and what is not."""
    found = FarSides(hub).saga(number)
    recipe = hub.policy.recipes.recipe(found.recipe, found.version)
    assert recipe is not None
    return f"{found.standing}: {residue(recipe, found)}"


def waits_for(hub: SmallHub, number: str) -> str:
    """What an instance waits for, from whom, and what a person may safely do."""
    found = FarSides(hub).saga(number)
    recipe = hub.policy.recipes.recipe(found.recipe, found.version)
    assert recipe is not None
    waiting = [f"{one.what} from {one.awaited_from}" for one in awaited(recipe, found)]
    safe = [f"{one.action} {one.step}".strip() for one in advice(recipe, found)]
    return "; ".join(waiting) + (f" -- {', '.join(safe)}" if safe else "")


def _label(name: str, request: str, state: str, account: str = "A-1") -> Said:
    return catalogue.LABEL_BOUGHT, parcels.Label(
        request_id=request,
        order_id=_ORDER,
        label_id=f"L-{request}",
        account=account,
        tracking="1Z",
        state=LabelState(state),
        price_minor=495,
        currency="GBP",
    )


def _declined(name: str, request: str, reason: str) -> Said:
    return catalogue.LABEL_DECLINED, parcels.LabelDecline(
        request_id=request, order_id=_ORDER, reason=reason
    )


def _voided(name: str, request: str, found: str) -> Said:
    return catalogue.LABEL_VOIDED, parcels.LabelVoided(
        request_id=request, order_id=_ORDER, found=found == "found"
    )


def _rate(name: str, request: str, price: str) -> Said:
    return catalogue.RATE_QUOTED, parcels.RateQuote(
        request_id=request, order_id=_ORDER, price_minor=int(price), currency="GBP"
    )


def _sent(name: str, order_id: str, site: str, carton: str, unit: str) -> Said:
    line, item, quantity = unit.split()
    return catalogue.SHIPMENT_SHIPPED, shipments.Shipment(
        shipment_id=f"S-{name}",
        order_id=order_id,
        site=site,
        lines=(shipments.ShipmentLine(line=line, item=item, quantity=int(quantity)),),
        packages=(shipments.Package(package_id=carton),),
    )


def _instruct(name: str, number: str, action: str, why: str) -> Said:
    verb, _, of = action.partition(" ")
    return catalogue.SAGA_INSTRUCTED, SagaInstruction(
        saga=number,
        key=_ORDER,
        action=SagaAction(verb),
        by="kim",
        reason="" if why == "-" else why,
        step=of if of and not of.isdigit() else None,
        version=int(of) if of.isdigit() else None,
    )


def _settled(name: str, number: str, effect: str) -> Said:
    return catalogue.EFFECT_SETTLED, EffectSettled(
        kind="saga",
        id=number,
        effect=effect,
        destination=effect.partition("/")[0],
        said=catalogue.LABEL_REQUESTED,
        end=EffectEnd.ACCEPTED,
        attempt=1,
    )


DOINGS: dict[str, Callable[..., Said]] = {
    "label": _label,
    "declines": _declined,
    "voided": _voided,
    "rate": _rate,
    "sent": _sent,
    "instruct": _instruct,
    "hub hears": _settled,
}
"""What far systems answer to a recipe, and what people have it do."""

SPEAKERS = dict.fromkeys(("label", "declines", "voided", "rate"), "carrier")
"""Who says so, where a story does not say who speaks."""
