"""Returns of an order: which may come back, what is told of them, what stands apart.

Wishes come by message, answered again with every fact that bears on them, or by a call, answered
once. What desks granted is kept in a document of the order beside its state, because a desk works
on another partition of the log than the order: who grants writes that document, so two can never
grant the same unit (decision 51).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.orders import LineQuantity
from crossdock.contracts.returns import (
    ReturnableLine,
    ReturnAnswer,
    ReturnAuthorisation,
    ReturnReceipt,
    ReturnRequest,
    ReturnStatusChange,
    ReturnStatusLine,
)
from crossdock.contracts.vocabulary import (
    Disposition,
    ItemKind,
    MovementKind,
    ReturnRefusal,
    ReturnStatus,
    StockState,
)
from crossdock.inventory.ledger import DISPOSED, within
from crossdock.log.records import Document, Movement
from crossdock.orders.doings import Doing
from crossdock.orders.facts import receipt_id
from crossdock.orders.receipts import wrong_lines
from crossdock.orders.state import Figures, OrderState, ReceiptMark, ReturnMark, all_figures
from crossdock.returns.authorisation import Blind, BlindReturns, Refused, Sold, judged, refused
from crossdock.sagas.batch import Batch
from crossdock.sagas.crediting import is_credited
from crossdock.sagas.policy import Policy
from crossdock.sagas.turn import Turn

GRANTS = "order-returns"
"""The kind of document that keeps which returns of an order desks granted, under its id."""


class Grants(msgspec.Struct, omit_defaults=True):
    """Returns of one order that desks granted: the requests as they were made, by id."""

    granted: dict[str, ReturnMark] = {}


_GRANTS = msgspec.json.Decoder(Grants)


def grants_of(batch: Batch, order_id: str) -> Grants:
    """What desks granted of this order's returns."""
    return grants_in(batch.document(GRANTS, order_id))


def grants_in(document: Document | None) -> Grants:
    """What a document of an order's returns says; nothing where there is none."""
    return Grants() if document is None else _GRANTS.decode(document.body)


# --- who may send goods back ------------------------------------------------------------------


def judge(
    order: OrderState, known: Mapping[str, Figures], policy: Policy, grants: Grants | None = None
) -> dict[str, Refused | None]:
    """Per return of the order why it is refused, or None."""
    wishes = {
        number: _in_parts(order, mark)
        for number, mark in {**(grants.granted if grants else {}), **order.returns}.items()
    }
    return judged(wishes, _sold(order, known), policy.returns, _blind(order))


def _sold(order: OrderState, known: Mapping[str, Figures]) -> dict[str, Sold]:
    last: dict[str, str] = {}
    for mark in order.shipments.values():
        for number in mark.lines:
            last[number] = max(last.get(number, ""), mark.at)
    return {
        number: Sold(
            order.lines[number].item,
            now.shipped,
            last.get(number, ""),
            not order.lines[order.lines[number].kit or number].kept,
        )
        for number, now in known.items()
        if order.lines[number].kind is not ItemKind.SERVICE and _is_ordered(order, number)
    }


def _blind(order: OrderState) -> list[Blind]:
    """What came back under no return of the order."""
    found = []
    for receipt in order.receipts.values():
        if receipt.return_id not in order.returns:
            lines: Counter[str] = Counter()
            for piece in receipt.pieces:
                lines[piece.line] += piece.units
            found.append(Blind(receipt.at, lines))
    return found


def _is_ordered(order: OrderState, number: str) -> bool:
    line = order.lines[number]
    return line.priced or line.revision[0] > 0 or bool(line.kit)


def _in_parts(order: OrderState, mark: ReturnMark) -> ReturnMark:
    """A wish with its kits as the components that a warehouse knows."""
    if not any(number in order.lines and order.lines[number].parts for number in mark.lines):
        return mark
    found: dict[str, int] = {}
    items = dict(mark.items)
    for number, quantity in mark.lines.items():
        line = order.lines.get(number)
        parts = order.parts_of(line) if line is not None else {}
        for name, part in parts.items():
            found[name] = found.get(name, 0) + quantity * part.each
            items[name] = part.item
        if not parts:
            found[number] = found.get(number, 0) + quantity
    return msgspec.structs.replace(mark, lines=found, items=items)


def answer_returns(turn: Turn, order: OrderState, known: dict[str, Figures]) -> None:
    """Authorise what may come back; the rest stays visible with the reason that refuses it."""
    if not order.returns:
        return
    verdicts = judge(order, known, turn.policy)
    for number in sorted(order.returns):
        mark = order.returns[number]
        against = verdicts[number]
        newly = against is None and not mark.authorised
        if mark.authorised != (against is None):
            turn.remember(order, Doing.AUTHORISED, against is None, number)
        if newly:
            turn.cure("return-not-authorised", f"{order.order_id}/{number}", "it is authorised")
            _tell_authorisation(turn, order, number, _in_parts(order, mark).lines)
        elif against is not None:
            turn.note(
                "return-not-authorised",
                f"{order.order_id}/{number}",
                f"{against.refusal}: line {against.line}",
            )
        _tell_status(turn, order, number, against)


def _tell_authorisation(
    turn: Turn, order: OrderState, return_id: str, lines: dict[str, int]
) -> None:
    sites = sorted(
        site
        for number in lines
        for site, place in order.lines[number].sites.items()
        if place.shipped
    )
    if not sites:
        return
    said = ReturnAuthorisation(
        return_id=return_id,
        order_id=order.order_id,
        site=sites[0],
        customer=order.customer,
        lines=tuple(
            LineQuantity(line=number, item=order.lines[number].item, quantity=lines[number])
            for number in sorted(lines)
        ),
    )
    turn.tell(
        turn.routes("return", catalogue.RETURN_AUTHORISED, sites[0], order.channel),
        catalogue.RETURN_AUTHORISED,
        order.order_id,
        said,
        f"return-authorisation/{return_id}",
    )


# --- how far a return has come ----------------------------------------------------------------


def return_status(order: OrderState, return_id: str) -> ReturnStatus:
    """How far a return has come, from what was received and credited of it."""
    receipts = _receipts_of(order, return_id)
    if receipts and all(is_credited(order, name) for name in receipts):
        return ReturnStatus.CREDITED
    if receipts:
        return ReturnStatus.RECEIVED
    if order.returns[return_id].authorised:
        return ReturnStatus.AUTHORISED
    return ReturnStatus.REFUSED


def _receipts_of(order: OrderState, return_id: str) -> dict[str, ReceiptMark]:
    return {name: one for name, one in order.receipts.items() if one.return_id == return_id}


def _tell_status(turn: Turn, order: OrderState, return_id: str, against: Refused | None) -> None:
    """Tell portal, shop and desk when a return moves on; its authorisation tells of itself."""
    now = return_status(order, return_id)
    mark = order.returns[return_id]
    if now == mark.told:
        return
    turn.remember(order, Doing.RETURN_TOLD, now.value, return_id)
    receipts = _receipts_of(order, return_id)
    if now is ReturnStatus.AUTHORISED:
        return
    turn.tell(
        turn.routes("return", catalogue.RETURN_STATUS_CHANGED, None, order.channel),
        catalogue.RETURN_STATUS_CHANGED,
        order.order_id,
        ReturnStatusChange(
            return_id=return_id,
            order_id=order.order_id,
            customer=order.customer,
            status=now,
            site=next(iter(sorted({m.site for m in receipts.values()})), None),
            refusal=against.refusal if against is not None else None,
            lines=_status_lines(order, return_id),
        ),
        f"return-status/{return_id}/{turn.message.place}",
    )


def _status_lines(order: OrderState, return_id: str) -> tuple[ReturnStatusLine, ...]:
    wished = Counter(order.returns[return_id].lines)
    received: Counter[str] = Counter()
    credited: Counter[str] = Counter()
    receipts = _receipts_of(order, return_id)
    for mark in receipts.values():
        for piece in mark.pieces:
            received[piece.line] += piece.units
    posted = {memo.ask for memo in order.credits.values()}
    for name, ask in order.credit_asks.items():
        if ask.receipt in receipts and name in posted:
            credited.update({number: one.units for number, one in ask.lines.items()})
    return tuple(
        ReturnStatusLine(
            line=number,
            item=order.lines[number].item or "?",
            wished=wished[number],
            received=received[number],
            credited=credited[number],
        )
        for number in sorted({*wished, *received, *credited})
    )


# --- goods that stand apart -------------------------------------------------------------------


def set_apart(turn: Turn, order: OrderState, said: ReturnReceipt) -> ReturnReceipt:
    """The receipt with those lines held that nobody asked for, or that are other goods.

    Nothing of it is refused: it came back, and stands in the ledger as returned.
    """
    name = receipt_id(said.site, said.return_receipt_id)
    mark = order.receipts[name]
    wrong = wrong_lines(order, mark)
    key = f"{order.order_id}/{name}"
    apart = set(wrong)
    if said.return_id is None and turn.policy.returns.blind is BlindReturns.HOLD:
        turn.note("blind-return", key, "goods came back that nobody asked to send")
        apart.update(piece.line for piece in mark.pieces)
    if not apart:
        return said
    _note_wrong(turn, order, key, wrong)
    turn.remember(order, Doing.SET_APART, sorted(apart), name)
    lines = tuple(
        msgspec.structs.replace(line, disposition=Disposition.HOLD) if line.line in apart else line
        for line in said.lines
    )
    return msgspec.structs.replace(said, lines=lines)


def hold_wrong_items(turn: Turn, order: OrderState) -> None:
    """Goods that turn out to be others than were sold, once the order is known, stand apart too."""
    for name, mark in sorted(order.receipts.items()):
        wrong = [line for line in wrong_lines(order, mark) if line not in mark.set_apart]
        if not wrong:
            continue
        _note_wrong(turn, order, f"{order.order_id}/{name}", wrong)
        for movement in _apart(name, mark, wrong):
            turn.move(movement)
        turn.remember(order, Doing.SET_APART, sorted({*mark.set_apart, *wrong}), name)


def _note_wrong(turn: Turn, order: OrderState, key: str, wrong: list[str]) -> None:
    for line in wrong:
        turn.note("wrong-item-returned", key, f"line {line} was sold as {order.lines[line].item}")


def _apart(name: str, mark: ReceiptMark, lines: list[str]) -> list[Movement]:
    """From where inspection sent them to where they stand apart, as far as they are here."""
    _, _, document = name.partition("/")
    moved = []
    for piece in mark.pieces:
        state, _ = DISPOSED[Disposition(piece.disposition)]
        if piece.line in lines and state in _CAN_COME_BACK:
            moved.append(
                within(
                    piece.item, mark.site, piece.lot, state, StockState.RETURNED, piece.units,
                    document, MovementKind.RETURN,
                )
            )  # fmt: skip
    return moved


_CAN_COME_BACK = {StockState.AVAILABLE, StockState.QUARANTINE, StockState.REPAIR}


# --- a caller waits ---------------------------------------------------------------------------


def reply_to(
    order: OrderState,
    said: ReturnRequest,
    grants: Grants,
    policy: Policy,
    wish: ReturnMark,
    source: str,
) -> ReturnAnswer:
    """Whether this return may come back, judged after everything that was granted before.

    `wish` is what is said, as the order would keep it; `source` is who says it: to who does not
    speak for the order's channel, the order is not there.
    """
    known = all_figures(order)
    if not order.placed or not _may_ask(policy, source, order.channel):
        return refusal_of(said, ReturnRefusal.UNKNOWN_ORDER)
    if said.return_id in {**order.returns, **grants.granted}:
        return refusal_of(said, ReturnRefusal.SAME_ID_OTHER_CONTENT)
    sold = _sold(order, known)
    granted = {
        number: mark
        for number, mark in {**grants.granted, **order.returns}.items()
        if number != said.return_id and (mark.granted or mark.authorised)
    }
    standing = {n: msgspec.structs.replace(m, granted=True) for n, m in granted.items()}
    wishes = {n: _in_parts(order, mark) for n, mark in standing.items()}
    left = {number: one.shipped for number, one in sold.items()}
    for lines in [*(one.lines for one in wishes.values()), *(one.lines for one in _blind(order))]:
        for number, units in lines.items():
            left[number] = left.get(number, 0) - units
    asked = _in_parts(order, wish)
    verdict = refused(asked, sold, left, policy.returns)
    return _answer(order, said, verdict, left)


def _may_ask(policy: Policy, source: str, channel: str) -> bool:
    matrix = policy.matrix
    return channel not in matrix.channels or matrix.may_say(source, "return", None, channel)


def refusal_of(said: ReturnRequest, refusal: ReturnRefusal) -> ReturnAnswer:
    """A refusal that is about no line."""
    return ReturnAnswer(
        return_id=said.return_id, order_id=said.order_id, authorised=False, refusal=refusal
    )


def _answer(
    order: OrderState, said: ReturnRequest, verdict: Refused | None, left: Mapping[str, int]
) -> ReturnAnswer:
    return ReturnAnswer(
        return_id=said.return_id,
        order_id=said.order_id,
        authorised=verdict is None,
        refusal=None if verdict is None else verdict.refusal,
        line=(verdict.line or None) if verdict is not None else None,
        returnable=tuple(
            ReturnableLine(line=number, item=order.lines[number].item, quantity=max(0, units))
            for number, units in sorted(left.items())
        ),
    )
