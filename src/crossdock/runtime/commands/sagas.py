"""`crossdock sagas`: instances of recipes, what they wait for, and a person's word on them.

What a person says is a message of the hub to itself; who said it and why stay with the instance.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.sagas import SagaInstruction
from crossdock.contracts.vocabulary import Fate, SagaAction
from crossdock.kernel.errors import CrossdockError
from crossdock.kernel.redaction import shown
from crossdock.runtime.clocks import SystemClock, SystemRandomness
from crossdock.runtime.commands.identity import all_documents
from crossdock.runtime.commands.ingest import decide_all
from crossdock.runtime.config import Settings, read_settings
from crossdock.runtime.console import OK, UNSOUND, finish, say
from crossdock.runtime.hub import opened_store
from crossdock.sagas.recipes import words
from crossdock.sagas.recipes.recipe import Recipe
from crossdock.sagas.recipes.saga import KIND, Saga, Standing
from crossdock.sagas.turn import own_message
from crossdock.storage.postgres.store import PostgresStore

_SAGA = msgspec.json.Decoder(Saga)


class NoSaga(CrossdockError):
    """No instance has this id, or its recipe is not in use."""

    code = "no-saga"
    expects = "an id of `crossdock sagas list --all`, of a recipe that `recipes` names"


class NotAnInstruction(CrossdockError):
    """The arguments say nothing that an instance could do."""

    code = "not-an-instruction"


def list_sagas(config: Path, *, everything: bool, as_json: bool) -> int:
    """List the instances that are not over, the parked ones first; gives 0."""
    sagas = asyncio.run(_all(read_settings(config)))
    rows = [
        {
            "saga": saga.id,
            "standing": saga.standing.value,
            "version": saga.version,
            "key": saga.key,
            "began": saga.began.isoformat(),
        }
        for saga in sagas
        if everything or not saga.ended
    ]
    rows.sort(key=lambda row: (row["standing"] != Standing.PARKED, row["saga"]))
    for row in rows:
        say(f"{row['saga']}: {row['standing']}, since {row['began']}, of {row['key']}")
    say(f"{len(rows)} instances")
    finish({"sagas": rows}, as_json=as_json)
    return OK


def show(config: Path, number: str, *, as_json: bool) -> int:
    """Show one instance: its steps, what it waits for, what is safe to do next; gives 0.

    Raises:
        NoSaga: there is none.
    """
    saga, recipe = asyncio.run(_found(read_settings(config), number))
    say(f"{saga.id}: {saga.standing}, version {saga.version}, of {saga.key}  [{saga.opened_by}]")
    for step in recipe.steps:
        now = saga.steps[step.name]
        why = f": {now.reason}" if now.reason else ""
        place = f"  [{now.evidence}]" if now.evidence else ""
        say(f"  {step.name:16} {now.state.value.replace('_', ' ')}{why}{place}")
    waiting = words.awaited(recipe, saga)
    for one in waiting:
        since = f" since {one.since.isoformat()}" if one.since is not None else ""
        say(f"awaited: {one.what} from {one.awaited_from}{since}")
    safe = words.advice(recipe, saga)
    for advised in safe:
        step_named = f" --step {advised.step}" if advised.step else ""
        say(f"safe: crossdock sagas {advised.action} {saga.id}{step_named}: {advised.why}")
    for move in saga.moves:
        say(f"{move.by} had it {move.action} {move.step}: {move.reason}  [{move.place}]")
    finish(_as_json(saga, recipe), as_json=as_json)
    return OK


def instruct(
    action: str,
    config: Path,
    number: str,
    by: str,
    reason: str,
    *,
    step: str | None = None,
    version: int | None = None,
    as_json: bool,
) -> int:
    """Have an instance do something; gives 0 when that was applied, else 1.

    Raises:
        NoSaga: there is none.
        NotAnInstruction: the arguments are not such as a message may carry.
    """
    told = asyncio.run(
        _instruct(read_settings(config), SagaAction(action), number, by, reason, step, version)
    )
    why = f": {told['reason']}" if told["reason"] else ""
    say(f"{action} at {told['place']} is {told['fate']}{why}; {number} is {told['standing']}")
    finish(told, as_json=as_json)
    return OK if told["fate"] == Fate.APPLIED else UNSOUND


async def _all(settings: Settings) -> list[Saga]:
    async with opened_store(settings) as store:
        return [_SAGA.decode(one.body) for one in await all_documents(store, KIND)]


async def _found(settings: Settings, number: str) -> tuple[Saga, Recipe]:
    async with opened_store(settings) as store:
        return await _look(settings, store, number)


async def _look(settings: Settings, store: PostgresStore, number: str) -> tuple[Saga, Recipe]:
    for document in await all_documents(store, KIND):
        if document.id == number:
            saga = _SAGA.decode(document.body)
            recipe = settings.recipes.recipe(saga.recipe, saga.version)
            if recipe is not None:
                return saga, recipe
    raise NoSaga(where="sagas", found=shown(number))


async def _instruct(
    settings: Settings,
    action: SagaAction,
    number: str,
    by: str,
    reason: str,
    step: str | None,
    version: int | None,
) -> dict[str, Any]:
    async with opened_store(settings) as store:
        saga, _ = await _look(settings, store, number)
        said = SagaInstruction(
            saga=number,
            key=saga.key,
            action=action,
            by=by,
            reason=reason,
            step=step,
            version=version,
        )
        try:
            said = msgspec.json.decode(msgspec.json.encode(said), type=SagaInstruction)
        except msgspec.ValidationError as error:
            raise NotAnInstruction(where="arguments", found=str(error)) from error
        now = SystemClock().now()
        name = f"cli/{SystemRandomness().token_bytes(12).hex()}"
        policy = settings.policy()
        message = own_message(
            policy,
            name,
            catalogue.SAGA_INSTRUCTED,
            saga.key,
            said,
            event_time=now,
            received_time=now,
        )
        [receipt] = await store.append([message])
        await decide_all(settings, policy, store)
        place = (receipt.partition, receipt.position)
        outcome = (await store.outcomes_at([place]))[place].outcome
        after, _ = await _look(settings, store, number)
    return {
        "saga": number,
        "place": f"{place[0]}:{place[1]}",
        "fate": outcome.fate,
        "reason": outcome.reason,
        "standing": after.standing.value,
    }


def _as_json(saga: Saga, recipe: Recipe) -> dict[str, Any]:
    return {
        "saga": saga.id,
        "recipe": saga.recipe,
        "version": saga.version,
        "key": saga.key,
        "standing": saga.standing.value,
        "steps": {
            step.name: {
                "state": saga.steps[step.name].state.value,
                "reason": saga.steps[step.name].reason,
                "evidence": saga.steps[step.name].evidence,
                "requests": [one.request for one in saga.steps[step.name].attempts],
            }
            for step in recipe.steps
        },
        "awaited": [
            {
                "step": one.step,
                "what": one.what,
                "from": one.awaited_from,
                "since": None if one.since is None else one.since.isoformat(),
                "evidence": one.evidence,
            }
            for one in words.awaited(recipe, saga)
        ],
        "safe": [
            {"action": one.action.value, "step": one.step, "why": one.why}
            for one in words.advice(recipe, saga)
        ],
        "moves": [msgspec.to_builtins(move) for move in saga.moves],
    }
