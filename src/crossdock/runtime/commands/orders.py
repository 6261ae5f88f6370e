"""`crossdock orders`: see orders, and what the desk decides: hold, hurry, cancel, override.

Each is a message in the name of a system that the ownership matrix lets say it, read at the door
like that system's own. Without `--apply` it is only shown what would happen.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.holds import OrderHold, OrderHoldRelease
from crossdock.contracts.orders import OrderCancellation
from crossdock.contracts.steering import OrderOverride, OrderPriority
from crossdock.contracts.words import Noun
from crossdock.kernel.errors import CrossdockError
from crossdock.kernel.redaction import shown
from crossdock.log.records import Wanted
from crossdock.orders.milestones import milestones
from crossdock.orders.refusals import kind_of
from crossdock.orders.state import OrderState, all_figures, status
from crossdock.runtime.clocks import SystemClock, SystemRandomness
from crossdock.runtime.commands.acting import Said, act, noun_of
from crossdock.runtime.commands.saying import as_owner
from crossdock.runtime.config import Settings, read_settings
from crossdock.runtime.console import OK, UNSOUND, finish, say
from crossdock.runtime.hub import opened_store
from crossdock.sagas.policy import Policy
from crossdock.storage.postgres.store import PostgresStore

_PAGE = 500
_ORDER = msgspec.json.Decoder(OrderState)

ACTIONS: dict[str, tuple[str, type[Noun]]] = {
    "hold": (catalogue.ORDER_HOLD_PLACED, OrderHold),
    "release-hold": (catalogue.ORDER_HOLD_RELEASED, OrderHoldRelease),
    "prioritise": (catalogue.ORDER_PRIORITISED, OrderPriority),
    "cancel": (catalogue.ORDER_CANCELLATION_REQUESTED, OrderCancellation),
    "override": (catalogue.ORDER_OVERRIDDEN, OrderOverride),
}
"""What the desk may do, and the message that says it."""


class NoSuchOrder(CrossdockError):
    """The hub knows no order of this id."""

    code = "no-such-order"
    expects = "an id of `crossdock orders list`"


class NoSuchHold(CrossdockError):
    """No hold of this name stands on the order."""

    code = "no-such-hold"
    expects = "a hold as `crossdock orders show` names it"


def list_orders(config: Path, wanted: str, limit: int, *, as_json: bool) -> int:
    """List orders, of one status where it is `wanted`; gives 0."""
    rows = asyncio.run(_rows(read_settings(config), wanted, limit))
    for row in rows:
        holds = f"  {', '.join(row['holds'])}" if row["holds"] else ""
        say(
            f"{row['order_id']}  {row['status']}  {row['customer']} via {row['channel']}: "
            f"{row['shipped']} of {row['ordered']} shipped{holds}"
        )
    say(f"{len(rows)} orders")
    finish({"orders": rows}, as_json=as_json)
    return OK


def show(config: Path, order_id: str, *, as_json: bool) -> int:
    """Show an order: lines, holds, how far it has come; gives 0.

    Raises:
        NoSuchOrder: nothing is known of it.
    """
    found = _seen(asyncio.run(_order_of(read_settings(config), order_id)))
    say(
        f"{order_id} is {found['status']}, priority {found['priority']}, version {found['version']}"
    )
    for hold in found["holds"]:
        say(f"  held: {hold['name']} ({hold['kind']})")
    for line in found["lines"]:
        figures = ", ".join(f"{name} {units}" for name, units in line["figures"].items() if units)
        say(f"  line {line['line']} {line['item']}: {figures}")
    say(f"  reached: {' '.join(found['reached'])}")
    finish(found, as_json=as_json)
    return OK


def decide(
    action: str, config: Path, order_id: str, more: dict[str, Any], said: Said, owner: str,
    *, as_json: bool,
) -> int:  # fmt: skip
    """Do what the desk wants, or show what it would do; gives 1 where it is not applied.

    Raises:
        NoSuchOrder: nothing is known of the order.
        NoSuchHold: no hold of this name stands on it.
        NoReason: it is to be applied, and nobody said why.
        NotYours: the matrix does not let this owner say it.
    """
    found = asyncio.run(_decide(read_settings(config), action, order_id, more, said, owner))
    finish(found, as_json=as_json)
    return OK if found["sound"] else UNSOUND


async def _decide(
    settings: Settings,
    action: str,
    order_id: str,
    more: dict[str, Any],
    said: Said,
    owner: str,
) -> dict[str, Any]:
    policy = settings.policy()
    kind, noun = ACTIONS[action]
    async with opened_store(settings) as store:
        order = await _stored(store, order_id)
        fields = {"order_id": order_id, **_named(action), **more}
        if action == "release-hold":
            fields["kind"] = _kind_of_hold(order, fields["hold"])
        if action == "prioritise":
            fields["revision"] = order.priority_revision[0] + 1
        if action == "override":
            fields["revision"] = _next_override(order, fields)
        if action != "cancel":
            fields |= {"by": said.actor, "reason": said.why}
        elif said.apply:
            _ = said.why  # somebody answers for it; the message itself has a coded reason
        owner = owner or _owner(policy, kind, order)
        message = as_owner(policy, kind, owner, noun_of(noun, fields), SystemClock().now())
        return {"source": owner, **await act(settings, store, [message], said)}


def _named(action: str) -> dict[str, str]:
    """A fresh id for what is said, under the name that its noun has for it."""
    name = f"cli-{SystemRandomness().token_bytes(8).hex()}"
    return {
        {
            "hold": "hold_id",
            "release-hold": "release_id",
            "prioritise": "change_id",
            "cancel": "cancellation_id",
            "override": "override_id",
        }[action]: name
    }


def _kind_of_hold(order: OrderState, hold: str) -> str:
    names = [name for name in order.holds if hold in (name, name.partition(":")[2])]
    if not names:
        raise NoSuchHold(where=order.order_id, found=shown(hold))
    return kind_of(names[0]).value


def _next_override(order: OrderState, fields: dict[str, Any]) -> int:
    line = order.lines.get(fields.get("line") or "")
    return 1 if line is None else line.only_site_revision[0] + 1


def _owner(policy: Policy, kind: str, order: OrderState) -> str:
    """The first that the matrix lets say it of this order's channel."""
    owners = policy.matrix.owners(CATALOGUE[kind].entity, None, order.channel, event=kind)
    return next(iter(owners), "")


async def _order_of(settings: Settings, order_id: str) -> OrderState:
    async with opened_store(settings) as store:
        return await _stored(store, order_id)


async def _stored(store: PostgresStore, order_id: str) -> OrderState:
    loaded = await store.load(Wanted(orders={order_id}))
    body = loaded.orders.get(order_id)
    if body is None:
        raise NoSuchOrder(where="orders", found=shown(order_id))
    return _ORDER.decode(body)


async def _rows(settings: Settings, wanted: str, limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = ""
    async with opened_store(settings) as store:
        while len(found) < limit and (page := await store.orders(after, _PAGE)):
            after = page[-1].order_id
            found += [
                {
                    "order_id": row.order_id,
                    "status": row.status,
                    "customer": row.customer,
                    "channel": row.channel,
                    "ordered": row.ordered,
                    "shipped": row.shipped,
                    "holds": _ORDER.decode(row.state).holds,
                }
                for row in page
                if wanted in ("", row.status)
            ]
    return found[:limit]


def _seen(order: OrderState) -> dict[str, Any]:
    known = all_figures(order)
    return {
        "order_id": order.order_id,
        "status": status(order, known).value,
        "customer": order.customer,
        "channel": order.channel,
        "priority": order.priority,
        "version": order.version,
        "requested_for": order.requested_for or None,
        "ship_to": msgspec.to_builtins(order.ship_to),
        "holds": [{"name": name, "kind": kind_of(name).value} for name in order.holds],
        "forced": order.forced,
        "reached": milestones(order, known),
        "lines": [
            {
                "line": number,
                "item": order.lines[number].item,
                "figures": msgspec.structs.asdict(known[number]),
            }
            for number in sorted(order.lines)
        ],
    }
