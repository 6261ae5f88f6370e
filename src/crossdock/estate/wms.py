"""The warehouse of one site: releases become picks, cartons and shipments, returns come back.

Its stock is its own: it picks what its bins hold, not what the hub believes. Units that are not
found are missing on its books from then on, and what it never had it cannot miss: by so much the
hub's shelf for the item is below ours and its missing stock above. Work takes time, and a
cancellation stops what is not picked, puts back what is not shipped, and is too late for the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.orders import (
    LineQuantity,
    Release,
    ReleaseCancellation,
    ReleaseStopped,
)
from crossdock.contracts.returns import (
    ReturnAuthorisation,
    ReturnInspection,
    ReturnReceipt,
    ReturnReceiptLine,
)
from crossdock.contracts.shipments import Pack, Package, Pick, PickLine, Shipment, ShipmentLine
from crossdock.contracts.stock import StockMovement, StockPlace
from crossdock.contracts.vocabulary import Disposition, MovementKind, StockState
from crossdock.estate.bins import Bins
from crossdock.estate.config import WmsConfig
from crossdock.estate.jobs import Job, JobLine, Step
from crossdock.estate.system import Declined, System


class Wms(System):
    """One site's warehouse."""

    kind = "wms"

    def __init__(self, name: str, config: WmsConfig, hub: str, seed: int, host: str) -> None:
        super().__init__(name, config, hub, seed, host)
        self.site = config.site
        self.bins = Bins(config.site)
        self.counts: Counter[str] = Counter()
        self.releases: Counter[str] = Counter()  # release -> times asked
        self.returns: Counter[str] = Counter()  # return -> times asked
        self.stops: Counter[str] = Counter()  # cancellation -> times asked
        self.picked: Counter[str] = Counter()  # order -> units
        self.shipped: Counter[str] = Counter()  # order -> units
        self.shipments: dict[str, int] = {}  # shipment -> units
        self.came_back: Counter[Disposition] = Counter()  # what became of it at last -> units
        self._config = config
        self._jobs: dict[str, list[Job]] = {}  # order -> jobs that are not done
        self._steps = {Step.PICK: self._pick, Step.PACK: self._pack, Step.SHIP: self._ship}

    def handlers(self) -> Mapping[str, Callable[[Any], str]]:
        """It is told what to send out, what to stop and what may come back."""
        return {
            catalogue.ORDER_RELEASED: self._released,
            catalogue.ORDER_RELEASE_CANCELLED: self._stopped,
            catalogue.RETURN_AUTHORISED: self._authorised,
        }

    def happened(self, type_name: str, noun: Any) -> None:
        """Stock that is found, counted, received or moved by hand."""
        self.counts[type_name.split(".")[1]] += 1
        if type_name == catalogue.STOCK_ADJUSTED:
            self.bins.adjust(noun)
        elif type_name == catalogue.RECEIPT_POSTED:
            self.bins.receive(noun)
        elif type_name == catalogue.STOCK_MOVED:
            self.bins.follow(noun)

    def lose(self, item: str, quantity: int) -> None:
        """Let units vanish without telling anybody: an error for reconciliation to find."""
        self.bins.lose(item, quantity)

    def staged(self, order_id: str, line: str) -> int:
        """Units of an order's line on the staging floor."""
        jobs = self._jobs.get(order_id, ())
        return sum(own.staged for job in jobs for own in job.lines if own.line == line)

    def books(self, *, brief: bool) -> dict[str, Any]:
        """What was done, and what is where."""
        books: dict[str, Any] = {
            "site": self.site,
            "counts": dict(sorted(self.counts.items())),
            "releases": len(self.releases),
            "releases_twice": self.releases.total() - len(self.releases),
            "jobs_open": sum(map(len, self._jobs.values())),
            "shipments": len(self.shipments),
            "units_picked": self.picked.total(),
            "units_shipped": self.shipped.total(),
            "units_never_had": self.bins.never_had.total(),
            "units": self.bins.totals(),
            "units_came_back": {d.value: n for d, n in sorted(self.came_back.items()) if n},
        }
        if not brief:
            books["items"] = self.bins.truth()
            books["never_had"] = dict(self.bins.never_had)
            books["by_order"] = dict(self.shipped)
            books["by_shipment"] = self.shipments
        return books

    # --- what the hub tells --------------------------------------------------------------------

    def _released(self, asked: Release) -> str:
        self._check_site(asked.site)
        self.releases[asked.release_id] += 1
        job = Job.of(asked, self.releases[asked.release_id])
        self._jobs.setdefault(job.order_id, []).append(job)
        self._later(job)
        return self.dice.number("W-", job.release_id, job.round)

    def _stopped(self, asked: ReleaseCancellation) -> str:
        self._check_site(asked.site)
        number = asked.release_cancellation_id
        self.stops[number] += 1
        stopped: list[LineQuantity] = []
        put_back: list[LineQuantity] = []
        # A copy: a job that becomes empty leaves the list.
        jobs = list(self._jobs.get(asked.order_id, ()))
        for line in asked.lines:
            left = line.quantity
            for job in jobs:
                left -= job.stop_open(line.line, left)
            self.counts["units_stopped"] += line.quantity - left
            if line.quantity > left:
                stopped.append(msgspec.structs.replace(line, quantity=line.quantity - left))
            back = 0
            for job in jobs:
                back += job.stop_staged(line.line, left - back)
            if back:
                self._put_back(asked, line, back)
                put_back.append(msgspec.structs.replace(line, quantity=back))
            self.counts["units_too_late"] += left - back
        unpacked = tuple(self._number("K-", job, job.cartons) for job in jobs if job.unpack())
        for job in jobs:
            self._forget_if_done(job)
        if self.stops[number] == 1:
            self.say(
                catalogue.RELEASE_STOPPED,
                ReleaseStopped(
                    release_cancellation_id=number,
                    order_id=asked.order_id,
                    site=self.site,
                    lines=tuple(stopped),
                    put_back=tuple(put_back),
                    unpacked=unpacked,
                ),
            )
        return self.dice.number("C-", number, self.stops[number])

    def _put_back(self, asked: ReleaseCancellation, line: LineQuantity, quantity: int) -> None:
        self.counts["units_put_back"] += quantity
        self.bins.move(line.item, StockState.PICKED, StockState.AVAILABLE, quantity)
        number = asked.release_cancellation_id
        self.say(
            catalogue.STOCK_MOVED,
            StockMovement(
                movement_id=self.dice.readable("B-", number, line.line, self.stops[number]),
                kind=MovementKind.RESTOCK,
                item=line.item,
                quantity=quantity,
                source=StockPlace(state=StockState.PICKED, site=self.site),
                target=StockPlace(state=StockState.AVAILABLE, site=self.site),
                document=asked.order_id,
                reason="put back after a cancellation",
            ),
        )

    def _authorised(self, said: ReturnAuthorisation) -> str:
        self._check_site(said.site)
        self.returns[said.return_id] += 1
        if self.returns[said.return_id] == 1:  # the customer has only one parcel to send
            seconds = self.dice.between(self._config.return_seconds, "return", said.return_id)
            self.work.later(seconds, partial(self._parcel_came, said))
        return self.dice.number("RA-", said.return_id)

    def _check_site(self, site: str) -> None:
        if site != self.site:
            raise Declined(f"we are {self.site}, not {site}")

    # --- our own work --------------------------------------------------------------------------

    def _later(self, job: Job) -> None:
        seconds = self.dice.between(
            self._config.work_seconds, job.step.value, job.release_id, job.picks, job.cartons
        )
        self.work.later(seconds, partial(self._work_on, job))

    def _work_on(self, job: Job) -> None:
        if not job.is_done:
            self._steps[job.step](job)
        if not self._forget_if_done(job):
            self._later(job)

    def _forget_if_done(self, job: Job) -> bool:
        if not job.is_done:
            return False
        jobs = self._jobs.get(job.order_id, [])
        if job in jobs:
            jobs.remove(job)
            if not jobs:
                del self._jobs[job.order_id]
        return True

    def _pick(self, job: Job) -> None:
        job.picks += 1
        in_part = job.picks == 1 and self.dice.hits(self._config.part, "part", job.release_id)
        lines = tuple(self._pick_line(job, line, in_part) for line in job.lines if line.open)
        if lines:
            self.counts["picks"] += 1
            self.say(
                catalogue.PICK_CONFIRMED,
                Pick(
                    pick_id=self._number("P-", job, job.picks),
                    order_id=job.order_id,
                    site=self.site,
                    lines=lines,
                ),
            )
        if not any(line.open for line in job.lines):
            job.step = Step.PACK

    def _pick_line(self, job: Job, line: JobLine, in_part: bool) -> PickLine:
        wanted = (line.open + 1) // 2 if in_part else line.open
        found = min(wanted, max(0, self.bins.units(line.item)))
        if self.dice.hits(self._config.short, "short", job.release_id, line.line, job.picks):
            found //= 2
        short = wanted - found
        self.bins.move(line.item, StockState.AVAILABLE, StockState.PICKED, found)
        if short:
            self._count_later(line.item, self.bins.miss(line.item, short), job, line.line)
            self.counts["units_short"] += short
        line.open -= wanted
        line.staged += found
        self.picked[job.order_id] += found
        return PickLine(line=line.line, item=line.item, quantity=found, short=short)

    def _count_later(self, item: str, missing: int, job: Job, line: str) -> None:
        """What was missed is looked for; a count finds it behind the other shelf."""
        if missing and self._config.count_seconds is not None:
            number = self.dice.readable("F-", job.release_id, line, job.round, job.picks)
            seconds = self.dice.between(self._config.count_seconds, "count", number)
            self.work.later(seconds, partial(self._found, item, missing, number))

    def _found(self, item: str, quantity: int, number: str) -> None:
        self.counts["units_found"] += quantity
        self.bins.move(item, StockState.MISSING, StockState.AVAILABLE, quantity)
        self.say(
            catalogue.STOCK_MOVED,
            StockMovement(
                movement_id=number,
                kind=MovementKind.RESTOCK,
                item=item,
                quantity=quantity,
                source=StockPlace(state=StockState.MISSING, site=self.site),
                target=StockPlace(state=StockState.AVAILABLE, site=self.site),
                reason="found by a count",
            ),
        )

    def _pack(self, job: Job) -> None:
        contents = self._contents(job)
        job.cartons += 1
        job.carton = {line.line: quantity for line, quantity in contents}
        job.step = Step.SHIP
        self.counts["cartons"] += 1
        self.say(
            catalogue.CARTON_PACKED,
            Pack(
                carton_id=self._number("K-", job, job.cartons),
                order_id=job.order_id,
                site=self.site,
                lines=tuple(
                    LineQuantity(line=line.line, item=line.item, quantity=quantity)
                    for line, quantity in contents
                ),
            ),
        )

    def _contents(self, job: Job) -> list[tuple[JobLine, int]]:
        """What goes into the next carton: all that is staged, or about half where it splits."""
        staged = [(line, line.staged) for line in job.lines if line.staged]
        if job.cartons or not self.dice.hits(self._config.split, "split", job.release_id):
            return staged
        if len(staged) > 1:
            return staged[: len(staged) // 2]
        return [(line, (units + 1) // 2) for line, units in staged]

    def _ship(self, job: Job) -> None:
        lines = []
        for line in job.lines:
            quantity = min(line.staged, job.carton.get(line.line, 0))  # less was put back since
            if quantity:
                line.staged -= quantity
                self.bins.move(line.item, StockState.PICKED, StockState.CUSTOMER, quantity)
                lines.append(ShipmentLine(line=line.line, item=line.item, quantity=quantity))
        job.after_carton()
        if lines:
            self._hand_over(job, tuple(lines))

    def _hand_over(self, job: Job, lines: tuple[ShipmentLine, ...]) -> None:
        number = self._number("S-", job, job.cartons)
        tracking = self.dice.number("1X", number)
        units = sum(line.quantity for line in lines)
        self.shipments[number] = units
        self.shipped[job.order_id] += units
        self.counts["shipments"] += 1
        self.say(
            catalogue.SHIPMENT_SHIPPED,
            Shipment(
                shipment_id=number,
                order_id=job.order_id,
                site=self.site,
                lines=lines,
                carrier="parcel",
                tracking=tracking,
                packages=(
                    Package(package_id=self._number("K-", job, job.cartons), tracking=tracking),
                ),
            ),
        )

    def _parcel_came(self, said: ReturnAuthorisation) -> None:
        lines = tuple(
            ReturnReceiptLine(
                line=line.line,
                item=line.item,
                quantity=line.quantity,
                disposition=self._disposition(said.return_id, line.line),
            )
            for line in said.lines
        )
        for line in lines:
            self.bins.take_back(line)
            self.counts["units_returned"] += line.quantity
            self.came_back[line.disposition] += line.quantity
        self.counts["returns"] += 1
        receipt = ReturnReceipt(
            return_receipt_id=self.dice.readable("RR-", said.return_id),
            order_id=said.order_id,
            site=self.site,
            lines=lines,
            return_id=said.return_id,
        )
        self.say(catalogue.RETURN_RECEIVED, receipt)
        held = tuple(line for line in lines if line.disposition is Disposition.HOLD)
        if held:
            seconds = self.dice.between(self._config.inspect_seconds, "inspect", said.return_id)
            self.work.later(seconds, partial(self._inspect, receipt, held))

    def _inspect(self, receipt: ReturnReceipt, held: tuple[ReturnReceiptLine, ...]) -> None:
        """Somebody has looked again at what stood apart: it may be sold."""
        decided = tuple(
            msgspec.structs.replace(line, disposition=Disposition.RESTOCK) for line in held
        )
        for line in decided:
            self.bins.move(line.item, StockState.RETURNED, StockState.AVAILABLE, line.quantity)
            self.came_back[Disposition.HOLD] -= line.quantity
            self.came_back[Disposition.RESTOCK] += line.quantity
        self.counts["inspections"] += 1
        self.say(
            catalogue.RETURN_INSPECTED,
            ReturnInspection(
                inspection_id=f"{receipt.return_receipt_id}-I",
                order_id=receipt.order_id,
                site=self.site,
                return_receipt_id=receipt.return_receipt_id,
                lines=decided,
            ),
        )

    def _disposition(self, return_id: str, line: str) -> Disposition:
        at = self.dice.share("disposition", return_id, line)
        for disposition, share in (
            (Disposition.QUARANTINE, self._config.quarantined),
            (Disposition.SCRAP, self._config.scrapped),
            (Disposition.SUPPLIER, self._config.to_supplier),
            (Disposition.REPAIR, self._config.repaired),
            (Disposition.HOLD, self._config.held),
        ):
            at -= share
            if at < 0:
                return disposition
        return Disposition.RESTOCK

    def _number(self, prefix: str, job: Job, count: int) -> str:
        return self.dice.readable(prefix, job.release_id, job.round, count)
