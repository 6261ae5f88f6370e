# ruff: noqa: E501 - lines of the source stand here as they stand there
"""Bugs to plant: plausible mistakes, each as one replacement in one file.

Whoever trusts the simulator must see it find what is known to be there. Each bug names what it
breaks; `scripts/plant_bugs.py` plants one after the other in a copy of the source and says how many
seeds it took. A bug that no schedule shows must be explained here, or the simulator has a hole.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bug:
    """One mistake: in `file` below `src/crossdock`, `old` (which stands there once) becomes `new`."""

    name: str
    breaks: str
    file: str
    old: str
    new: str
    equivalent: str = ""  # why no schedule can show it, where that is so

    def planted(self, text: str) -> str:
        """The file's text with the mistake in it; raises `LookupError` where it does not fit."""
        if text.count(self.old) != 1:
            raise LookupError(f"{self.name}: stands {text.count(self.old)} times in {self.file}")
        return text.replace(self.old, self.new)


BUGS = (
    # --- orders ---------------------------------------------------------------------------------
    Bug(
        "what was put back is forgotten",
        "I27: an order waits to see leave what stands on the shelf again",
        "orders/facts.py",
        "        order.line(done.line, done.item).at(said.site).put_back += done.quantity\n",
        "        order.line(done.line, done.item).at(said.site)\n",
    ),
    # --- delivery -------------------------------------------------------------------------------
    Bug(
        "sent again without asking",
        "I20: what may have happened happens twice at a system that can only be asked",
        "delivery/pump.py",
        "        return None if isinstance(found, NotThere) else found\n",
        "        return None\n",
    ),
    Bug(
        "sent again where nobody can be asked",
        "I20: a second sending to a system that offers nothing against it",
        "delivery/pump.py",
        "        if ability is Ability.NEITHER:\n            return Unknown(\n",
        "        if ability is Ability.NEITHER:\n            return None\n            return Unknown(\n",
    ),
    Bug(
        "a key per attempt",
        "I20: a retry under another key is another effect",
        "delivery/pump.py",
        "    return Document(effect.business_key, effect.type,",
        '    return Document(f"{effect.business_key}/{effect.attempt}", effect.type,',
    ),
    Bug(
        "asked too early",
        "N3: the far side is still at it and says that it is not there",
        "delivery/pump.py",
        "        if left <= 0:\n            return None\n",
        "        return None\n",
    ),
    Bug(
        "the unknown outcome counts as not done",
        "I20: no doubt is kept, so nobody asks",
        "delivery/outcomes.py",
        "            Verdict.UNKNOWN,\n            problem=answer.reason,\n"
        "            due_at=None if hopeless else now + timedelta(seconds=wait),\n"
        "            doubtful=True,\n",
        "            Verdict.RETRY,\n            problem=answer.reason,\n"
        "            due_at=None if hopeless else now + timedelta(seconds=wait),\n"
        "            doubtful=False,\n",
    ),
    Bug(
        "tried again where a person must look",
        "L2: nothing is sent twice, but the effect comes up again until its tries are used up, and "
        "until then no person sees it",
        "delivery/outcomes.py",
        "        hopeless = ability is Ability.NEITHER or schedule.exhausted(effect.tries + 1)\n",
        "        hopeless = schedule.exhausted(effect.tries + 1)\n",
    ),
    Bug(
        "a lost reply means that nothing happened",
        "I20: the table of verdicts takes a broken connection for a refused one",
        "connectors/kit/verdicts.py",
        "    Trouble.LOST: Verdict.UNKNOWN,\n",
        "    Trouble.LOST: Verdict.SLOW_DOWN,\n",
    ),
    Bug(
        "status 500 means that nothing happened",
        "I20: their failure may have come after they acted",
        "connectors/kit/verdicts.py",
        '    5: (Verdict.UNKNOWN, "their failure, perhaps after they acted"),\n',
        '    5: (Verdict.RETRY_LATER, "their failure"),\n',
    ),
    Bug(
        "any page under status 200 is a success",
        "I19: a login page is taken for a receipt, and the effect is lost",
        "connectors/rest/inbound.py",
        "    if result is None or not _speaks_of(document, result):\n",
        "    if result is None:\n        result = wire.Result()\n    if False:\n",
    ),
    Bug(
        "what a batch's reply does not name is done",
        "I19: one of a batch failed, and counts as told",
        "connectors/rest/inbound.py",
        "            found.append(judge_trouble(Trouble.MISSING, seen=seen))\n",
        "            found.append(AlreadyDone())\n",
    ),
    # --- the store in memory --------------------------------------------------------------------
    Bug(
        "a lease without a fence",
        "I22: who lost a partition commits all the same",
        "storage/memory/batches.py",
        "    if (partition.epoch, partition.decided) != (lease.epoch, lease.position):\n",
        "    if False:\n",
    ),
    Bug(
        "a settlement without a fence",
        "I22: an attempt that ran out settles the effect that somebody else has",
        "storage/memory/effects.py",
        "        return kept if kept.attempts == result.attempt else None\n",
        "        return kept\n",
    ),
    Bug(
        "no doubt after a holder died",
        "I20: what a dead process had in flight is sent as if never before",
        "storage/memory/effects.py",
        "            kept.doubtful, kept.doubted_at = True, kept.until\n",
        "            kept.doubted_at = kept.until\n",
    ),
    Bug(
        "the second of a key goes first",
        "I21: effects of one key overtake each other",
        "storage/memory/effects.py",
        "        if kept.wakes_at is not None and queue.is_head(kept):\n",
        "        if kept.wakes_at is not None:\n",
    ),
    Bug(
        "a message is known by its id no more",
        "I3: what is sent again is decided again",
        "storage/memory/messages.py",
        "    known = data.transport_keys.get(message.transport_key)\n    if known is not None:\n",
        "    known = data.transport_keys.get(message.transport_key)\n    if False and known:\n",
    ),
    Bug(
        "a business key is held by nobody",
        "I3: the same fact under a new id counts twice",
        "storage/memory/messages.py",
        "    holder = data.business_keys.get(key) if key is not None else None\n",
        "    holder = None\n",
    ),
    Bug(
        "stock is promised as it was read",
        "I14: two desks promise the same unit",
        "storage/memory/batches.py",
        "        if change.need is not None and free < change.need:\n",
        "        if False:\n",
    ),
    Bug(
        "a document is written over unseen",
        "I28: two revisions of one document meet, and one is lost",
        "storage/memory/batches.py",
        "        if stands != before:\n",
        "        if False:\n",
    ),
    Bug(
        "the same intent is two effects",
        "I18: a business key names two effects",
        "storage/memory/effects.py",
        "        if effect.business_key in self._business_keys:\n            return\n",
        "",
    ),
    # --- loops, desks, doors --------------------------------------------------------------------
    Bug(
        "a loop ends on trouble with the store",
        "I24: half a hub, in silence",
        "runtime/loops.py",
        "            await asyncio.sleep(randomness.uniform(wait / 2, wait))\n            continue\n",
        "            return\n",
    ),
    Bug(
        "trouble with the store kills messages",
        "I24: a lost connection condemns what was being decided",
        "runtime/deciding.py",
        "    return isinstance(error, StoreError) and not isinstance(error, StoreRefused | StoreFault)\n",
        "    return isinstance(error, StoreConflict)\n",
    ),
    Bug(
        "positions are not read again after trouble",
        "L3: a batch that was kept unseen is decided again and again",
        "runtime/deciding.py",
        '            self._leased_at = float("-inf")  # positions may have moved: read them again\n',
        "",
        equivalent="leases are read again within a third of their time anyway; until then batches"
        " are refused",
    ),
    Bug(
        "a desk takes an unknown commit for a kept one",
        "I1: a caller is told what nobody decided",
        "runtime/desk.py",
        "            except MOVED as moved:\n                last = moved\n                continue\n",
        "            except CommitUnknown:\n                pass\n"
        "            except MOVED as moved:\n                last = moved\n                continue\n",
    ),
    Bug(
        "the door takes an unknown append for a kept one",
        "I1: accepted, and not on the log",
        "gateway/intake.py",
        "                passes = error.retryable or isinstance(error, CommitUnknown)\n",
        "                passes = error.retryable or isinstance(error, CommitUnknown)\n"
        "                if isinstance(error, CommitUnknown):\n"
        "                    return [Receipt(Answer.ACCEPTED, m.partition, 1) for m in batch]\n",
    ),
    Bug(
        "timers never fire",
        "L3: carts never expire",
        "runtime/hub.py",
        "            *await self._due_timers(),\n",
        "",
    ),
    Bug(
        "nobody looks after lines that wait beside free stock",
        "I26: two workers passed each other, and a line waits for ever",
        "runtime/hub.py",
        "            *await self._left_waiting(),\n",
        "",
    ),
    Bug(
        "days are never closed",
        "I18: what is added up by day is never told",
        "runtime/hub.py",
        "            *await self._ended_periods(),\n",
        "",
    ),
    # --- what is decided ------------------------------------------------------------------------
    Bug(
        "picked units stay promised",
        "I15: the shelf is empty and its promise stands",
        "sagas/fulfilment.py",
        "    if reserved:\n        turn.book.release(line.item, done.site, reserved)\n    late",
        "    late",
    ),
    Bug(
        "stopped units stay promised",
        "I15: a warehouse's answer frees nothing",
        "sagas/fulfilment.py",
        "            turn.book.release(line.item, said.site, part)\n            freed.add(",
        "            freed.add(",
    ),
    Bug(
        "a grant is not said",
        "I15: stock is set aside for a line that never hears of it",
        "sagas/fulfilment.py",
        "        turn.say(\n            catalogue.STOCK_GRANTED,\n            row.order_id,\n"
        "            Grant(order_id=row.order_id, line=row.line,"
        " item=item, site=site, quantity=part),\n"
        "        )\n",
        "",
    ),
    Bug(
        "a cart that expired can be paid",
        "I15: a reservation is resolved twice",
        "inventory/reservations.py",
        "    if known.state is not ReservationState.OPEN:\n"
        "        return Refused(_BECAME[known.state], known.order_id)\n",
        "",
    ),
    Bug(
        "units from a pool leave the shop's figure as it was",
        "I16: the shop shows what is gone",
        "sagas/batch.py",
        "if kind == POOL}\n",
        "if kind == POOL and False}\n",
    ),
    Bug(
        "the last change that came wins",
        "I7: what an order wants depends on the order of arrival",
        "orders/facts.py",
        "        if mark <= line.revision:\n            continue\n",
        "",
    ),
    Bug(
        "what was not found was picked",
        "I7: a short pick counts as picked",
        "orders/facts.py",
        'told = _told(at, "picked", done.quantity, done.source, goods)',
        'told = _told(at, "picked", done.quantity + done.short, done.source, goods)',
    ),
    Bug(
        "an order forgets which facts it knows",
        "I7: a fact that comes under a second key counts twice",
        "sagas/rebuild.py",
        "    order.facts[kind.key(noun)] = message.place\n",
        "",
    ),
    Bug(
        "two rulings on one effect",
        "I19: an effect is settled twice",
        "sagas/deciders/operations.py",
        "    batch.rule(noun.effect, EffectState.DUE if again else None)\n",
        "",
    ),
)
