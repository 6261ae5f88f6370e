"""Every kind of condition that a person may have to look at: one table (R207 to R210).

A condition is noted by a decider, is why a message is held or dead, or is why an effect waits. The
table says what each kind means, whose it is, how long it may stay open, what is at risk, and what
can be done about it. A kind that code uses and the table lacks, or the other way round, fails a
test.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Category(StrEnum):
    """What sort of trouble it is, which decides how one answers it (R208)."""

    TRANSIENT = "transient"  # may pass by itself; trying again is the answer
    BUSINESS = "business"  # facts that do not fit together: somebody decides what is right
    CONTRACT = "contract"  # a message or a far system does not keep to what was agreed
    UNKNOWN_OUTCOME = "unknown_outcome"  # nobody knows whether it was done: ask before repeating
    OWNERSHIP = "ownership"  # said by somebody whose it is not to say
    SEQUENCE = "sequence"  # early, late, missing, or twice with other words


class Severity(StrEnum):
    """How soon somebody should look, the worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class Risk(StrEnum):
    """Which money is at risk, and how it is added up."""

    NONE = "none"  # no amount can be named
    ORDER = "order"  # what of the order left or is to leave, against what is invoiced
    LINE = "line"  # the same, of the one line
    DOCUMENT = "document"  # the total of the document that is to be told; else the order's


class Arises(StrEnum):
    """Where a kind comes from."""

    NOTED = "noted"  # a decider notes it beside what it decides
    HELD = "held"  # a message is held for it
    DEAD = "dead"  # a message will never be applied
    EFFECT = "effect"  # an effect is held after this verdict


class Action(StrEnum):
    """What a person can do; each is a command that shows a dry run first."""

    LOOK = "look"
    RETRY = "retry"
    EDIT = "edit"
    OVERRIDE = "override"
    CANCEL = "cancel"
    COMPENSATE = "compensate"
    ADOPT = "adopt"
    RESEND = "resend"
    ANSWER = "answer"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Step:
    """One action of a runbook: the command, with `{kind}`, `{key}`, `{place}` and such filled in.

    `{order}` is the first part of the key, `{second}` what comes next, `{last}` its last part.
    """

    action: Action
    command: str
    when: str  # when it is the right thing to do


@dataclass(frozen=True, slots=True)
class Condition:
    """One row of the table; `hours` is how long it may stay open.

    `begins` are the beginnings of the reasons with which messages are held or dead for it; `cured`
    says which decision closes it by itself.
    """

    kind: str
    meaning: str
    arises: tuple[Arises, ...]
    category: Category
    severity: Severity
    team: str
    hours: int
    risk: Risk
    runbook: tuple[Step, ...]
    begins: tuple[str, ...] = ()
    cured: str = ""


# What can be done ---------------------------------------------------------------------------------

LOOK = Step(Action.LOOK, "crossdock trace {order}", "first: what happened, message by message")
LOOK_AT_MESSAGE = Step(Action.LOOK, "crossdock dead-letters show {place}", "first: what it says")
LOOK_AT_EFFECT = Step(Action.LOOK, "crossdock dead-letters show {key}", "first: what was tried")
ACCEPT = Step(
    Action.CLOSE,
    "crossdock exceptions close {kind} {key} --reason WHY",
    "it is settled outside the hub, or accepted as it is",
)
RETRY = Step(
    Action.RETRY,
    "crossdock dead-letters retry {place} --reason WHY",
    "what it waited for was put right",
)
EDIT = Step(
    Action.EDIT,
    "crossdock dead-letters edit {place} --data FILE --reason WHY",
    "its sender cannot say it again, and it is known what was meant",
)
CANCEL = Step(
    Action.CANCEL,
    "crossdock dead-letters cancel {place} --reason WHY",
    "it must never be applied",
)
OVERRIDE = Step(
    Action.OVERRIDE,
    "crossdock dead-letters override {place} --reason WHY",
    "its owner agrees: it is said again in the owner's name",
)
TELL_AGAIN = Step(
    Action.RETRY,
    "crossdock dead-letters retry {key} --reason WHY",
    "the far side would take it now",
)
ADOPT = Step(
    Action.ADOPT,
    "crossdock dead-letters adopt {key} --reference THEIRS --reason WHY",
    "the far side has done it: their number is taken over",
)
DROP = Step(
    Action.CANCEL,
    "crossdock dead-letters cancel {key} --reason WHY",
    "it must not be told any more; what waits behind it goes on",
)
CANCEL_ORDER = Step(
    Action.COMPENSATE,
    "crossdock dead-letters compensate {order} --reason WHY",
    "the customer agrees: what is open of the order is cancelled, promises are given back",
)
LINK = Step(
    Action.ANSWER,
    "crossdock identity link SYSTEM ENTITY NUMBER CANONICAL",
    "the number means a record that is known: what waits for it goes on by itself",
)

_SAGA = (
    Step(Action.LOOK, "crossdock sagas show {key}", "first: what is done, what is safe next"),
    Step(
        Action.RETRY,
        "crossdock sagas retry {key} --step STEP --by WHO --reason WHY",
        "it is certainly not done, or its undo failed",
    ),
    Step(
        Action.COMPENSATE,
        "crossdock sagas undo {key} --by WHO --reason WHY",
        "it shall not go on: what was done is undone, last first",
    ),
)
_HELD_FOR_GOOD = (LOOK_AT_MESSAGE, EDIT, CANCEL)
_CAN_COME_RIGHT = (LOOK_AT_MESSAGE, RETRY, EDIT, CANCEL)
_LINE_FACTS = (LOOK, ACCEPT)
_MONEY_FACTS = (
    Step(Action.LOOK, "crossdock money match {order}", "first: which documents do not match"),
    LOOK,
    ACCEPT,
)

_INVOICE_FACTS = (
    *_MONEY_FACTS[:2],
    Step(
        Action.RETRY,
        "crossdock money retry {order} {second}",
        "what finance objected to is put right, or its period is open again",
    ),
    ACCEPT,
)

OPERATIONS = "integration operations"
ORDER_DESK = "order desk"
WAREHOUSE = "warehouse operations"
FINANCE = "finance"
MASTER_DATA = "master data"
INVENTORY = "inventory control"
RETURNS = "returns desk"
QUALITY = "quality assurance"
PURCHASING = "purchasing"
TRANSPORT = "transport"


def _row(
    kind: str,
    meaning: str,
    arises: str,
    category: Category,
    severity: Severity,
    team: str,
    hours: int,
    runbook: tuple[Step, ...],
    risk: Risk = Risk.NONE,
    begins: tuple[str, ...] = (),
    cured: str = "",
) -> Condition:
    return Condition(
        kind,
        meaning,
        tuple(Arises(word) for word in arises.split()),
        category,
        severity,
        team,
        hours,
        risk,
        runbook,
        begins,
        cured,
    )


_ROWS = (
    # Of an order's line -------------------------------------------------------------------------
    _row("unordered-line", "Goods left for a line that nobody ordered.", "noted",
         Category.BUSINESS, Severity.HIGH, ORDER_DESK, 24, _LINE_FACTS,
         cured="the order names the line"),
    _row("over-shipped", "More left than was ordered.", "noted",
         Category.BUSINESS, Severity.HIGH, ORDER_DESK, 24, _LINE_FACTS, Risk.LINE,
         cured="the order is changed to what left"),
    _row("over-invoiced", "More is invoiced than was shipped.", "noted",
         Category.BUSINESS, Severity.HIGH, FINANCE, 24, _LINE_FACTS, Risk.LINE,
         cured="the shipment comes"),
    _row("over-returned", "More came back than was shipped.", "noted",
         Category.BUSINESS, Severity.NORMAL, RETURNS, 48, _LINE_FACTS,
         cured="the shipment comes"),
    _row("return-not-authorised", "A return is refused by the house's rules.", "noted",
         Category.BUSINESS, Severity.NORMAL, RETURNS, 48, _LINE_FACTS,
         cured="the return fits into what was shipped"),
    _row("late-cancellation", "A line was cancelled after its goods had left.", "noted",
         Category.SEQUENCE, Severity.HIGH, ORDER_DESK, 8, _LINE_FACTS, Risk.LINE,
         cured="the cancellation fits into what is in the house"),
    _row("order-refused", "An order was not taken: it broke a rule.", "noted dead",
         Category.BUSINESS, Severity.NORMAL, ORDER_DESK, 24, (LOOK_AT_MESSAGE, EDIT, CANCEL),
         begins=("refused: ",)),
    _row("hold-not-yours", "Somebody releases a hold of a kind that is not theirs.", "dead",
         Category.OWNERSHIP, Severity.NORMAL, ORDER_DESK, 24, (LOOK_AT_MESSAGE, CANCEL),
         begins=("a hold of kind ",)),
    _row("hold-overdue", "A hold that somebody placed stands for long.", "noted",
         Category.BUSINESS, Severity.NORMAL, ORDER_DESK, 24, _LINE_FACTS,
         cured="the hold is released"),
    _row("late-address", "The address was changed when goods had left for the old one.", "noted",
         Category.SEQUENCE, Severity.HIGH, ORDER_DESK, 8, _LINE_FACTS, Risk.ORDER),
    _row("sourcing-rule-failed", "The house's own rule could not rank the sites.", "noted",
         Category.CONTRACT, Severity.HIGH, OPERATIONS, 8, _LINE_FACTS),
    _row("line-keeps-its-item", "A change names another item for a line that is there.", "held",
         Category.CONTRACT, Severity.NORMAL, ORDER_DESK, 8, _HELD_FOR_GOOD,
         begins=("a line keeps its item",)),
    _row("kit-not-in-parts", "A warehouse speaks of a kit, not of its components.", "noted",
         Category.CONTRACT, Severity.HIGH, WAREHOUSE, 24, _LINE_FACTS),
    _row("part-of-a-kit", "A component is to be cancelled without its kit.", "noted",
         Category.BUSINESS, Severity.NORMAL, ORDER_DESK, 24, _LINE_FACTS),
    _row("item-mismatch", "A warehouse names another item than the order's line.", "noted",
         Category.BUSINESS, Severity.HIGH, WAREHOUSE, 8, _LINE_FACTS, Risk.LINE),
    _row("lot-mismatch", "Another lot was shipped than was picked.", "noted",
         Category.BUSINESS, Severity.HIGH, WAREHOUSE, 8, _LINE_FACTS),
    _row("short-pick", "A warehouse did not find what it was to pick.", "noted",
         Category.BUSINESS, Severity.NORMAL, WAREHOUSE, 24, _LINE_FACTS, Risk.LINE),
    _row("reservation-of-another", "An order names a reservation that is not its own.", "noted",
         Category.OWNERSHIP, Severity.NORMAL, ORDER_DESK, 8, _LINE_FACTS, Risk.ORDER),
    # Of stock -----------------------------------------------------------------------------------
    _row("receipt-discrepancy", "Other goods came in than were expected.", "noted",
         Category.BUSINESS, Severity.NORMAL, PURCHASING, 48, _LINE_FACTS),
    _row("serials-do-not-match", "Serial numbers are not as many as units.", "noted",
         Category.CONTRACT, Severity.NORMAL, WAREHOUSE, 48, _LINE_FACTS),
    _row("serial-in-two-places", "One unit stands in two places.", "noted",
         Category.BUSINESS, Severity.HIGH, INVENTORY, 24, _LINE_FACTS),
    _row("lot-blocked", "Units of a lot that may not be sold went to quarantine.", "noted",
         Category.BUSINESS, Severity.HIGH, QUALITY, 24, _LINE_FACTS),
    _row("recalled-units-elsewhere", "Units of a recalled lot are no longer on a shelf.", "noted",
         Category.BUSINESS, Severity.CRITICAL, QUALITY, 4, _LINE_FACTS),
    _row("stock-variance", "A count differs from the ledger by more than is tolerated.", "noted",
         Category.BUSINESS, Severity.NORMAL, INVENTORY, 48, _LINE_FACTS,
         cured="late facts bring it within the tolerance"),
    _row("stock-rebased", "Counters of an item were put right from its entries.", "noted",
         Category.BUSINESS, Severity.HIGH, OPERATIONS, 24, _LINE_FACTS),
    _row("conflicting-reservation", "A warehouse set aside what the hub promised.", "noted",
         Category.OWNERSHIP, Severity.HIGH, INVENTORY, 8, _LINE_FACTS,
         cured="what is promised is there again"),
    _row("promised-ahead-uncovered", "More is promised ahead than is expected.", "noted",
         Category.BUSINESS, Severity.HIGH, PURCHASING, 24, _LINE_FACTS),
    _row("transfer-discrepancy", "Two legs of a transfer differ.", "noted",
         Category.BUSINESS, Severity.NORMAL, TRANSPORT, 48, _LINE_FACTS,
         cured="all that was sent has arrived"),
    _row("transfer-overdue", "A transfer left and did not arrive in its time.", "noted",
         Category.SEQUENCE, Severity.NORMAL, TRANSPORT, 24, _LINE_FACTS,
         cured="all that was sent has arrived"),
    _row("adjustment-awaits-approval", "A count or correction is too large to be booked unseen.",
         "noted held", Category.BUSINESS, Severity.NORMAL, INVENTORY, 24,
         (Step(Action.ANSWER, "crossdock adjustments approve {key} --by WHO", "it is right"),
          Step(Action.ANSWER, "crossdock adjustments reject {key} --by WHO", "it is not")),
         begins=("a correction of this size needs approval",),
         cured="it is approved or rejected"),
    _row("adjustment-rejected", "A correction was rejected before it came.", "held",
         Category.SEQUENCE, Severity.LOW, INVENTORY, 48, _HELD_FOR_GOOD,
         begins=("it was rejected before it came",)),
    _row("adjustment-id-taken", "Another correction has this id.", "held",
         Category.CONTRACT, Severity.NORMAL, INVENTORY, 24, _HELD_FOR_GOOD,
         begins=("another correction has this id",)),
    _row("movement-contradicts-kind", "A movement's states do not fit its kind.", "noted held",
         Category.CONTRACT, Severity.HIGH, WAREHOUSE, 8, _HELD_FOR_GOOD,
         begins=("the states of this movement contradict its kind",)),
    # Of recipes ---------------------------------------------------------------------------------
    _row("saga-parked", "An instance of a recipe waits for a person; it says what is done.",
         "noted", Category.BUSINESS, Severity.HIGH, OPERATIONS, 4, _SAGA,
         cured="the answer comes after all, or a person moves it on"),
    _row("saga-late", "What an instance of a recipe waits for is late.", "noted",
         Category.TRANSIENT, Severity.NORMAL, OPERATIONS, 24, _SAGA,
         cured="the answer comes"),
    _row("saga-without-recipe", "An instance began in a version that this house has no more.",
         "noted", Category.CONTRACT, Severity.CRITICAL, OPERATIONS, 4,
         (Step(Action.LOOK, "crossdock sagas show {key}", "first: how it stands"),
          Step(Action.RETRY, "crossdock check", "the recipe is put back into `recipes`"))),
    _row("answer-unasked", "A far system answers what nobody asked it: a label nobody wanted.",
         "noted held", Category.CONTRACT, Severity.HIGH, TRANSPORT, 8, _CAN_COME_RIGHT,
         begins=("nobody asked for this answer",)),
    _row("saga-not-moved", "An instance was not moved on as a person said.", "dead",
         Category.BUSINESS, Severity.LOW, OPERATIONS, 24, (LOOK_AT_MESSAGE,),
         begins=("not moved on:",)),
    # Of finance ---------------------------------------------------------------------------------
    _row("posting-rejected", "Finance will not change its stock as it was asked.", "noted",
         Category.BUSINESS, Severity.HIGH, FINANCE, 24,
         (LOOK, Step(Action.ANSWER, "crossdock trace {key}",
                     "finance lets its system send crossdock.stock_posting.retried.v1"), ACCEPT),
         cured="the posting is asked for again, or posted"),
    _row("posting-unknown", "Finance answers a posting that nobody asked for.", "held",
         Category.CONTRACT, Severity.HIGH, FINANCE, 24, _CAN_COME_RIGHT,
         begins=("nobody was asked for this posting",)),
    # Of invoices, returns and credits -----------------------------------------------------------
    _row("shipment-without-order", "Goods left for an order that nobody placed.", "noted",
         Category.SEQUENCE, Severity.HIGH, ORDER_DESK, 8, _LINE_FACTS, Risk.ORDER,
         cured="the order comes, or somebody links or closes the shipment"),
    _row("shipment-unknown", "Somebody decides on a shipment that nobody told of.", "held",
         Category.SEQUENCE, Severity.LOW, ORDER_DESK, 48, _CAN_COME_RIGHT,
         begins=("nobody told of this shipment",)),
    _row("invoice-withheld", "Finance is not asked to invoice a shipment.", "noted",
         Category.BUSINESS, Severity.HIGH, FINANCE, 24, _INVOICE_FACTS, Risk.ORDER,
         cured="the rate is named, or somebody asks under an open day"),
    _row("invoice-rejected", "Finance will not post an invoice.", "noted",
         Category.BUSINESS, Severity.HIGH, FINANCE, 24, _INVOICE_FACTS, Risk.ORDER,
         cured="the invoice is asked for again, or posted"),
    _row("invoice-unknown", "Finance answers about an invoice that nobody asked for.", "held",
         Category.CONTRACT, Severity.HIGH, FINANCE, 24, _CAN_COME_RIGHT,
         begins=("nobody was asked for this invoice",)),
    _row("invoice-duplicate", "Finance posted two invoices of one shipment.", "noted",
         Category.BUSINESS, Severity.CRITICAL, FINANCE, 8, _MONEY_FACTS, Risk.ORDER),
    _row("invoice-quantity-differs", "An invoice charges other units than it should.", "noted",
         Category.BUSINESS, Severity.HIGH, FINANCE, 24, _MONEY_FACTS, Risk.ORDER),
    _row("invoice-price-differs", "An invoice charges another price than the order's.", "noted",
         Category.BUSINESS, Severity.HIGH, FINANCE, 24, _MONEY_FACTS, Risk.ORDER),
    _row("invoice-tax-differs", "An invoice charges other tax than was reckoned.", "noted",
         Category.BUSINESS, Severity.NORMAL, FINANCE, 48, _MONEY_FACTS, Risk.ORDER),
    _row("currency-differs", "A document is in other money than its order.", "noted",
         Category.CONTRACT, Severity.HIGH, FINANCE, 24, _MONEY_FACTS, Risk.ORDER),
    _row("blind-return", "Goods came back that nobody asked to send.", "noted",
         Category.BUSINESS, Severity.NORMAL, RETURNS, 48, _LINE_FACTS,
         cured="inspection says what becomes of them"),
    _row("wrong-item-returned", "Other goods came back than were sold.", "noted",
         Category.BUSINESS, Severity.HIGH, RETURNS, 48, _LINE_FACTS),
    _row("credit-differs", "A credit memo gives back something else than was asked.", "noted",
         Category.BUSINESS, Severity.HIGH, FINANCE, 24, _MONEY_FACTS, Risk.ORDER),
    _row("credit-duplicate", "Finance posted two credits of one receipt.", "noted",
         Category.BUSINESS, Severity.CRITICAL, FINANCE, 8, _MONEY_FACTS, Risk.ORDER),
    _row("credit-not-asked", "Finance credited what nobody asked it to.", "noted",
         Category.BUSINESS, Severity.NORMAL, FINANCE, 48, _MONEY_FACTS, Risk.ORDER),
    _row("credited-beyond-invoiced", "More was given back than was charged.", "noted",
         Category.BUSINESS, Severity.CRITICAL, FINANCE, 8, _MONEY_FACTS, Risk.ORDER),
    # Of who says what, and whose number it is ---------------------------------------------------
    _row("not-yours", "Somebody else than the owner said it.", "noted held dead",
         Category.OWNERSHIP, Severity.NORMAL, MASTER_DATA, 24,
         (LOOK_AT_MESSAGE, OVERRIDE, CANCEL), begins=("not ",)),
    _row("unknown-proposal", "An owner settles a proposal that is not known.", "held",
         Category.SEQUENCE, Severity.LOW, MASTER_DATA, 48, _CAN_COME_RIGHT,
         begins=("unknown-proposal",)),
    _row("rival", "Two messages of one business key say different things.", "noted held",
         Category.CONTRACT, Severity.HIGH, OPERATIONS, 8, _HELD_FOR_GOOD, Risk.ORDER,
         begins=("business key of ", "the order was placed before under another business key",
                 "the order was placed meanwhile by somebody else")),
    _row("match-review", "Nobody knows this number, or several records might be it.", "noted",
         Category.CONTRACT, Severity.NORMAL, MASTER_DATA, 24, (LINK,),
         cured="the number is linked"),
    _row("unknown-identifier", "A message names a number that nobody knows.", "held",
         Category.CONTRACT, Severity.NORMAL, MASTER_DATA, 24,
         (LOOK_AT_MESSAGE, LINK, RETRY, EDIT, CANCEL), begins=("unknown-identifier:",),
         cured="the number is linked"),
    _row("unknown-code", "A message has a code that no table knows.", "noted held",
         Category.CONTRACT, Severity.NORMAL, MASTER_DATA, 24, _CAN_COME_RIGHT,
         begins=("unknown-code:",), cured="a message with it is decided again"),
    _row("record-unreadable", "A far system's record is not as was agreed.",
         "held", Category.CONTRACT, Severity.HIGH, OPERATIONS, 8, (LOOK_AT_MESSAGE, CANCEL),
         begins=("record-unreadable",)),
    _row("feed-overran", "A run of a feed takes longer than the time to the next one.",
         "noted", Category.TRANSIENT, Severity.NORMAL, OPERATIONS, 24, (ACCEPT,)),
    _row("unreadable", "With today's tables the message is no longer well formed.", "held",
         Category.CONTRACT, Severity.HIGH, OPERATIONS, 8, _CAN_COME_RIGHT, begins=("unreadable",)),
    _row("cycle", "A record would become its own parent.", "held",
         Category.CONTRACT, Severity.NORMAL, MASTER_DATA, 24, _CAN_COME_RIGHT, begins=("cycle:",),
         cured="a record of the circle changes"),
    _row("name-taken", "A number is to mean a second record.", "held",
         Category.CONTRACT, Severity.NORMAL, MASTER_DATA, 24, _CAN_COME_RIGHT,
         begins=("name-taken:",)),
    _row("merge-refused", "Two records cannot become one.", "held",
         Category.BUSINESS, Severity.NORMAL, MASTER_DATA, 24, _CAN_COME_RIGHT,
         begins=("merge-in-use:", "merge-refused:")),
    _row("split-refused", "A record cannot be taken apart so.", "held",
         Category.BUSINESS, Severity.NORMAL, MASTER_DATA, 24, _CAN_COME_RIGHT,
         begins=("split-refused:",)),
    _row("kit-unfit", "An item's components make no kit that can be taken apart.", "held",
         Category.CONTRACT, Severity.HIGH, MASTER_DATA, 8, _CAN_COME_RIGHT,
         begins=("kit-empty", "kit-circle", "kit-too-deep", "kit-too-many-components",
                 "kit-out-of-bounds")),
    _row("measure-unfit", "A quantity does not come out as whole base units.", "held",
         Category.CONTRACT, Severity.HIGH, MASTER_DATA, 8, _CAN_COME_RIGHT,
         begins=("malformed-quantity", "unknown-unit", "impossible-fraction",
                 "quantity-out-of-bounds")),
    # Of the hub's own work ----------------------------------------------------------------------
    _row("flow-not-active", "Something must be told, and its flow does not run.", "noted",
         Category.OWNERSHIP, Severity.HIGH, OPERATIONS, 8,
         (Step(Action.LOOK, "crossdock check --ownership", "which hole or overlap stops it"),
          ACCEPT)),
    # Of numbered messages -----------------------------------------------------------------------
    _row("sequence-gap", "Numbers of a source are missing; later ones are parked.", "noted",
         Category.SEQUENCE, Severity.NORMAL, OPERATIONS, 4, _LINE_FACTS,
         cured="what was missing came, or was gone on without"),
    _row("sequence-missing", "Numbers of a source did not come in time.", "noted",
         Category.SEQUENCE, Severity.HIGH, OPERATIONS, 8, _LINE_FACTS,
         cured="what was missing came late"),
    _row("sequence-conflict", "A number of a source was said twice with other words.", "noted held",
         Category.SEQUENCE, Severity.HIGH, OPERATIONS, 8, _HELD_FOR_GOOD,
         begins=("sequence-conflict:",)),
    _row("sequence-early", "A numbered message waits for those before it.", "held",
         Category.SEQUENCE, Severity.LOW, OPERATIONS, 8,
         (LOOK_AT_MESSAGE,
          Step(Action.RETRY, "crossdock dead-letters retry {place} --reason WHY",
               "it must be decided without those before it"), CANCEL),
         begins=("early: ",), cured="those before it came"),
    _row("sequence-unnumbered", "A source that numbers its messages left the number out.", "held",
         Category.CONTRACT, Severity.HIGH, OPERATIONS, 8, (LOOK_AT_MESSAGE, CANCEL),
         begins=("it has no sequence number",)),
    _row("flow-paused", "A rule of the house holds back what a flow tells.", "noted",
         Category.TRANSIENT, Severity.NORMAL, OPERATIONS, 8,
         (Step(Action.LOOK, "crossdock exceptions show {kind} {key}", "since when, and why"),
          ACCEPT), cured="what comes is on time again"),
    _row("events-silent", "Nothing of a kind was heard for longer than the house allows.", "noted",
         Category.TRANSIENT, Severity.HIGH, OPERATIONS, 4,
         (Step(Action.LOOK, "crossdock exceptions show {kind} {key}", "which kind, since when"),
          Step(Action.LOOK, "crossdock check", "whether feeds are read and far systems answer"),
          Step(Action.LOOK, "crossdock connector certify SYSTEM",
               "a webhook may be switched off at their side, or never have sent this kind"),
          ACCEPT), cured="something came"),
    _row("dead", "A message cannot be decided, or what it decides cannot be kept.", "noted dead",
         Category.CONTRACT, Severity.CRITICAL, OPERATIONS, 4, _CAN_COME_RIGHT,
         begins=("cannot be decided:", "cannot be kept:"), cured="it is decided again"),
    # Of effects, after an attempt ---------------------------------------------------------------
    _row("refused", "A far system will not take what it was told.", "effect",
         Category.BUSINESS, Severity.HIGH, OPERATIONS, 8,
         (LOOK_AT_EFFECT, TELL_AGAIN, ADOPT, DROP, CANCEL_ORDER), Risk.DOCUMENT,
         cured="the effect is told, adopted or dropped"),
    _row("unknown", "Nobody knows whether a far system did what it was told.", "effect",
         Category.UNKNOWN_OUTCOME, Severity.CRITICAL, OPERATIONS, 4,
         (LOOK_AT_EFFECT, ADOPT, TELL_AGAIN, DROP), Risk.DOCUMENT,
         cured="the effect is told, adopted or dropped"),
    _row("void", "A far system has a record under our key that does not stand.", "effect",
         Category.BUSINESS, Severity.HIGH, OPERATIONS, 4,
         (LOOK_AT_EFFECT, ADOPT, TELL_AGAIN, DROP, CANCEL_ORDER), Risk.DOCUMENT,
         cured="the effect is told, adopted or dropped"),
    _row("retry", "A far system failed until all tries were used up.", "effect",
         Category.TRANSIENT, Severity.HIGH, OPERATIONS, 4,
         (LOOK_AT_EFFECT, TELL_AGAIN, ADOPT, DROP), Risk.DOCUMENT,
         cured="the effect is told, adopted or dropped"),
)  # fmt: skip

CONDITIONS: dict[str, Condition] = {row.kind: row for row in _ROWS}
"""By kind."""


def kind_of_reason(reason: str) -> str:
    """The kind of condition for which a message with this reason is held or dead; "": unknown.

    A reason of an older release may have no row any more.
    """
    return next(
        (row.kind for row in _ROWS if any(reason.startswith(begin) for begin in row.begins)), ""
    )


def check_rows(rows: Iterable[Condition] = _ROWS) -> list[str]:
    """Every breach of the table's own rules, in words; none for a sound one."""
    problems = []
    seen: set[str] = set()
    for row in rows:
        if row.kind in seen:
            problems.append(f"{row.kind} stands twice")
        seen.add(row.kind)
        waits = {Arises.HELD, Arises.DEAD} & set(row.arises)
        if bool(waits) is not bool(row.begins):
            problems.append(f"{row.kind}: a reason and no message that waits, or the other way")
        if not row.runbook:
            problems.append(f"{row.kind}: nothing can be done about it")
        if row.hours <= 0:
            problems.append(f"{row.kind}: no time to look at it")
    return problems
