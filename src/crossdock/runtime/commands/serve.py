"""`crossdock serve`: the hub from its configuration, until it is asked to end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from pathlib import Path

import msgspec
import uvloop

from crossdock.gateway.app import Deps, make_app
from crossdock.gateway.availability import availability_routes
from crossdock.gateway.calls import GroupCalls
from crossdock.gateway.intake import GroupCommit
from crossdock.gateway.keys import Keyring
from crossdock.gateway.orders import order_routes
from crossdock.gateway.receiving import Room
from crossdock.gateway.reservations import reservation_routes
from crossdock.gateway.returns import return_routes
from crossdock.gateway.server import serving
from crossdock.gateway.throttle import Shares
from crossdock.gateway.webhooks import webhook_routes
from crossdock.runtime.clocks import SystemIds
from crossdock.runtime.collecting import look_rarely
from crossdock.runtime.config import Settings, read_settings
from crossdock.runtime.console import FAILED, OK, hint, say
from crossdock.runtime.desk import rehearsed
from crossdock.runtime.guarding import guarded, room_for_connections
from crossdock.runtime.hub import callers, running_hub, webhooks


def run(config: Path) -> int:
    """Serve until SIGTERM or SIGINT; gives 0 after a clean end.

    Says one JSON line on standard output when messages are taken: {"ready", "port", "pid"}.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    look_rarely()
    return uvloop.run(_serve(read_settings(config)))


async def _serve(settings: Settings) -> int:
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    async with guarded(settings) as guard, running_hub(settings, guard) as hub:
        for why in sorted(set(hub.policy.stopped.values())):
            hint(f"STOPPED {why}")
        desks = hub.desks()
        room = Room()
        ids = SystemIds()
        async with (
            GroupCommit(
                hub.store, hub.randomness, listener=lambda _: hub.ring_deciders()
            ) as intake,
            GroupCalls(desks) as calls,
        ):
            app = make_app(
                Deps(
                    policy=hub.policy,
                    keys=Keyring(callers(settings)),
                    intake=intake,
                    clock=hub.clock,
                    ids=ids,
                    views=(
                        *webhook_routes(webhooks(settings), hub.hear, hub.clock, room),
                        *order_routes(
                            calls,
                            lambda call: rehearsed(hub.store, hub.policy, call),
                            hub.policy,
                            hub.clock,
                            ids,
                            room,
                        ),
                        *reservation_routes(calls, hub.store, hub.policy, hub.clock, ids, room),
                        *return_routes(calls, hub.store, hub.policy, hub.clock, ids, room),
                        *availability_routes(
                            hub.store, hub.channel_views(), hub.policy, hub.clock, room
                        ),
                    ),
                    room=room,
                    pressed=hub.pressed,
                    troubles=hub.troubles,
                    shares=Shares(
                        {name: one.messages_per_second for name, one in settings.systems.items()}
                    ),
                )
            )
            host, port = settings.hub.host, settings.hub.port
            connections_max = room_for_connections()
            async with serving(app, host, port, connections_max=connections_max) as port:
                ready = {"ready": True, "port": port, "pid": os.getpid()}
                say(msgspec.json.encode(ready).decode())
                return OK if await hub.runs_until(ending) else FAILED
