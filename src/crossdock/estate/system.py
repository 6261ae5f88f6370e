"""What every simulated system has: a port, effects under keys, work, an outbox, faults, a truth.

A system knows the hub by HTTP alone. What the hub tells it becomes an effect on its own books; what
happens on its own books it reports through its outbox.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

import msgspec
from aiohttp import web

from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.connector import Ability
from crossdock.contracts.words import Noun
from crossdock.estate import wire
from crossdock.estate.config import SystemConfig
from crossdock.estate.dice import Dice
from crossdock.estate.door import Door
from crossdock.estate.effects import Effects, content_of
from crossdock.estate.faults import Chance, Faults, Outage
from crossdock.estate.outbox import Outbox, message_id_of
from crossdock.estate.work import Work
from crossdock.kernel.limits import MIB

BODY_BYTES_MAX: Final = 64 * MIB

_DECODERS = {name: msgspec.json.Decoder(row.noun) for name, row in CATALOGUE.items()}
_FAULTS = msgspec.json.Decoder(Faults)


class Declined(Exception):
    """A system does not do what it is asked; the reason is its own."""


class System:
    """One far system; subclasses say what they do with what they are told."""

    kind = ""

    def __init__(self, name: str, config: SystemConfig, hub: str, seed: int, host: str) -> None:
        self.name = name
        self.effects = Effects()
        self.work = Work()
        self.dice = Dice(seed, name)
        self.ability = config.ability
        self._accepts = f"Bearer {config.accepts}" if config.accepts else ""
        self._chance = Chance(seed, name)
        self._faults = config.faults
        self._outages: list[asyncio.Task[None]] = []
        self.outbox = Outbox(hub, config.key, config.faults, self._chance)
        self._door = Door(self._application(), host, config.port)
        self._host = host
        self._handlers = self.handlers()
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)  # its own clock

    # --- what subclasses say -------------------------------------------------------------------

    def handlers(self) -> Mapping[str, Callable[[Any], str]]:
        """What to do with each message type; a handler gives our own number for the effect.

        It may raise `Declined`.
        """
        raise NotImplementedError

    def happened(self, type_name: str, noun: Any) -> None:
        """Enter on our own books what is reported from outside our own work."""

    def books(self, *, brief: bool) -> dict[str, Any]:
        """Our own truth: counts, and unless `brief` totals per order, shipment and item."""
        raise NotImplementedError

    # --- what others may use -------------------------------------------------------------------

    @property
    def port(self) -> int:
        """Where it listens; known once it has started."""
        return self._door.port

    @property
    def url(self) -> str:
        """Its address for the hub."""
        return f"http://{self._host}:{self.port}"

    @property
    def is_up(self) -> bool:
        """Whether it listens."""
        return self._door.is_open

    @property
    def pending(self) -> int:
        """Jobs not done and messages without a receipt."""
        return len(self.work) + len(self.outbox)

    async def start(self) -> None:
        """Listen and begin to send; raises OSError when the port is taken."""
        await self._door.open()
        self.outbox.start()
        self.set_faults(self._faults)

    async def stop(self) -> None:
        """Stop working, sending and listening."""
        self.work.close()
        await self._cancel_outages()
        await self.outbox.close()
        await self._door.close()

    async def report(
        self,
        type_name: str,
        noun: Noun,
        *,
        id: str | None = None,  # noqa: A002 - the name that the message's attribute has
        time: datetime | None = None,
    ) -> None:
        """Let something happen here: on our own books at once, to the hub until it has a receipt.

        Waits while too much waits to be sent. `id` is the message's, else made of the business
        key; `time` is when it happened, else now.
        """
        await self.outbox.room()
        self.happened(type_name, noun)
        self.say(type_name, noun, message_id=id, time=time)

    async def ready(self) -> None:
        """Wait until not too much waits to be sent."""
        await self.outbox.room()

    async def drained(self) -> None:
        """Wait until the hub has a receipt for everything that was said so far and since."""
        await self.outbox.empty()

    def say(
        self,
        type_name: str,
        noun: Noun,
        *,
        message_id: str | None = None,
        time: datetime | None = None,
    ) -> str:
        """Put a message into the outbox without entering it on the books; gives its id."""
        row = CATALOGUE[type_name]
        if message_id is None:
            message_id = message_id_of(row.business_key(noun))
        event = wire.Said(
            id=message_id,
            source=self.name,
            type=type_name,
            subject=getattr(noun, row.key),
            time=time or self.now(),
            data=msgspec.Raw(wire.encode(noun)),
        )
        self.outbox.put(message_id, wire.encode(event))
        return message_id

    def set_faults(self, faults: Faults) -> None:
        """Replace all faults; outages count from now, and those set before are over."""
        self._faults = faults
        self.outbox.faults = faults
        for outage in self._outages:
            outage.cancel()
        self._outages = [asyncio.create_task(self._suffer(outage)) for outage in faults.outages]

    def truth(self, *, brief: bool = False) -> dict[str, Any]:
        """Everything that this system knows of itself."""
        return {
            "system": self.name,
            "kind": self.kind,
            "pending": self.pending,
            "work": len(self.work),
            "effects": self.effects.summary(),
            "outbox": self.outbox.summary(),
            **self.books(brief=brief),
        }

    # --- what the hub tells --------------------------------------------------------------------

    def take(self, event: wire.Told) -> wire.Result:
        """Do what an event asks, as far as our ability knows that it was not done before."""
        data = bytes(event.data)
        content = content_of(event.type, data)
        known = self.effects.by_key.get(event.id)
        if known is not None and self.ability is Ability.KEYS:
            if known.content == content:
                self.effects.replayed += 1
                return wire.Result(
                    id=event.id, status=200, reference=known.reference, replayed=True
                )
            self.effects.conflicts += 1
            return wire.Result(id=event.id, status=409, detail="the key was used for other content")
        handler = self._handlers.get(event.type)
        try:
            if handler is None:
                raise Declined(f"{self.name} does nothing with {event.type}")
            reference = handler(_DECODERS[event.type].decode(data))
        except (Declined, msgspec.MsgspecError, UnicodeDecodeError) as refusal:
            self.effects.refused += 1
            return wire.Result(id=event.id, status=422, detail=str(refusal))
        self.effects.done(event.id, content, reference)
        return wire.Result(id=event.id, status=201, reference=reference)

    # --- HTTP ----------------------------------------------------------------------------------

    def _application(self) -> web.Application:
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        app.router.add_get("/truth", self._get_truth)
        app.router.add_get("/receipts", self._get_receipts)
        app.router.add_get("/faults", self._get_faults)
        app.router.add_post("/faults", self._set_faults)
        app.router.add_get("/effects/{key:.+}", self._get_effect)
        app.router.add_post("/{path:.*}", self._take_post)
        return app

    async def _get_truth(self, request: web.Request) -> web.Response:
        return _json(200, self.truth(brief="brief" in request.query))

    async def _get_receipts(self, _: web.Request) -> web.Response:
        return _json(200, self.outbox.receipts)

    async def _get_faults(self, _: web.Request) -> web.Response:
        return _json(200, self._faults)

    async def _set_faults(self, request: web.Request) -> web.Response:
        try:
            faults = _FAULTS.decode(await request.read())
        except msgspec.MsgspecError as error:
            return _problem(400, str(error))
        self.set_faults(faults)
        return _json(200, faults)

    async def _get_effect(self, request: web.Request) -> web.Response:
        if self._is_stranger(request):
            return _problem(401, "who are you?")
        if (fault := await self._before(request)) is not None:
            return fault
        return self.found(request.match_info["key"])

    def found(self, key: str) -> web.Response:
        """What is answered to whoever asks whether an effect happened."""
        if self.ability is Ability.NEITHER:
            return _problem(501, f"{self.name} cannot be asked")
        effect = self.effects.by_key.get(key)
        if effect is None:
            return _problem(404, "no effect under this key")
        return _json(200, {"id": key, "reference": effect.reference, "times": effect.times})

    async def _take_post(self, request: web.Request) -> web.Response:
        if self._is_stranger(request):
            return _problem(401, "who are you?")
        body = await request.read()
        if (fault := await self._before(request)) is not None:
            return fault
        reply = self.told(body, request.content_type, request.headers.get("Idempotency-Key"))
        if self._chance.hits(self._faults.lost_replies):
            return _hang_up(request)
        return reply

    def told(self, body: bytes, content_type: str, key: str | None = None) -> web.Response:
        """Do what a request asks, one event or a batch of them, and answer it."""
        try:
            if content_type == wire.BATCH:
                return self._take_batch(wire.decode_batch(body))
            return self._take_single(wire.decode_told(body), key)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return _problem(400, str(error))

    def _take_batch(self, events: list[wire.Told]) -> web.Response:
        share = self._faults.item_errors
        results = [
            wire.Result(id=event.id, status=500, detail="out of paper")
            if self._chance.hits(share)
            else self.take(event)
            for event in events
        ]
        return _json(200, wire.Results(results=results))

    def _take_single(self, event: wire.Told, key: str | None) -> web.Response:
        key = event.id if key is None else key
        result = self.take(msgspec.structs.replace(event, id=key) if key != event.id else event)
        if result.status >= 400:
            return _problem(result.status, result.detail)
        response = _json(result.status, result)
        if result.replayed:
            response.headers["Idempotent-Replayed"] = "true"
        return response

    async def _before(self, request: web.Request) -> web.Response | None:
        """Let faults strike before anything is done; gives the reply where one did."""
        faults = self._faults
        if faults.latency_seconds[1]:
            await asyncio.sleep(self._chance.between(faults.latency_seconds))
        if self._chance.hits(faults.lost_requests):
            return _hang_up(request)
        if self._chance.hits(faults.busy):
            busy = _problem(429, "one after the other, please")
            busy.headers["Retry-After"] = str(faults.retry_after_seconds)
            return busy
        if self._chance.hits(faults.errors):
            return _problem(500, "out of paper")
        return None

    def _is_stranger(self, request: web.Request) -> bool:
        return bool(self._accepts) and request.headers.get("Authorization") != self._accepts

    async def _suffer(self, outage: Outage) -> None:
        await asyncio.sleep(outage.after_seconds)
        try:
            await self._door.shut()
            await asyncio.sleep(outage.for_seconds)
        finally:
            await self._door.open()

    async def _cancel_outages(self) -> None:
        for outage in self._outages:
            outage.cancel()
        await asyncio.gather(*self._outages, return_exceptions=True)


def _json(status: int, value: object) -> web.Response:
    return web.Response(status=status, body=wire.encode(value), content_type=wire.JSON)


def _problem(status: int, detail: str) -> web.Response:
    value = {"status": status, "title": HTTPStatus(status).phrase, "detail": detail}
    return web.Response(status=status, body=wire.encode(value), content_type=wire.PROBLEM)


def _hang_up(request: web.Request) -> web.Response:
    """Cut the connection; the response that is returned goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
