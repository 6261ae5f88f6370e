"""The person at the hub: looks at what is held, finds out what is so, and rules on it.

Rulings are messages like everything else. The person asks the far side and believes it: what is
done there is adopted, what is not is told again. What is held a third time is given up.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from crossdock.contracts import catalogue
from crossdock.contracts.operations import EffectRuling, Ruled
from crossdock.sagas.turn import own_message

if TYPE_CHECKING:
    from crossdock.runtime.simulation.world import World

_PATIENCE = 2
"""How often an effect is told again before it is given up."""


class Operator:
    """One person, for one schedule."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ruled: Counter[str] = Counter()
        self.given_up: set[str] = set()  # ordering keys of what nobody will be told any more

    def resume(self) -> None:
        """Let what was kept for flows that did not run go out."""
        self._do("resume", ())

    def rule(self, *, calmly: bool) -> int:
        """Rule on what is held; gives on how many effects. Not `calmly`: on a few, and in doubt."""
        world = self._world
        held = [one for one in world.engine.effects() if one.state == "held" and one.attempts]
        if not calmly:
            held = [one for one in held if world.draw.random() < 0.3]
        for one in held:
            self._say(one, self._action(one, calmly=calmly))
        return len(held)

    def _action(self, one: Any, *, calmly: bool) -> Ruled:
        far = self._world.far[one.destination]
        if one.business_key in far.system.effects.by_key:
            return Ruled.ADOPT
        if self._ruled[one.business_key] >= _PATIENCE:
            return Ruled.CANCEL
        return Ruled.RETRY_CERTAIN if calmly else Ruled.RETRY

    def _say(self, one: Any, action: Ruled) -> None:
        world = self._world
        self._ruled[one.business_key] += 1
        if action is Ruled.CANCEL:
            self.given_up.add(one.key)
        known = world.far[one.destination].system.effects.by_key.get(one.business_key)
        ruling = EffectRuling(
            effect=one.business_key,
            attempts=one.attempts,
            action=action,
            reference=known.reference if known is not None else "",
            by="the operator",
            reason="looked there",
        )
        world.trace.say(f"ruled {action} on {one.business_key} after {one.attempts}")
        world.trace.reach(f"ruled {action}")
        now = world.now()
        number = f"ruling/{one.business_key}/{one.attempts}/{self._ruled[one.business_key]}"
        message = own_message(
            world.policy,
            number,
            catalogue.EFFECT_RULED,
            one.business_key,
            ruling,
            event_time=now,
            received_time=now,
        )
        self._do("append", [message])

    def _do(self, call: str, *args: Any) -> None:
        handle = self._world.engine.open("operator")
        try:
            handle.run(call, *args)
        finally:
            handle.close()
