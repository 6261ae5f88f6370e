"""`crossdock bench`: a workload end to end, beside the hand-written floor, in one run."""

from __future__ import annotations

from pathlib import Path

import uvloop

from crossdock.runtime.bench import asof, outage, restart
from crossdock.runtime.bench.calls import run as run_calls
from crossdock.runtime.bench.run import SHAPES, BenchFailed
from crossdock.runtime.bench.run import run as run_workload
from crossdock.runtime.console import OK, finish, say


def run(
    workload: str,
    messages: int,
    items: int,
    calls: int,
    workers: int,
    rate: int,
    processes: int,
    kills: int,
    hot: int,
    data: Path | None,
    as_json: bool,
) -> int:
    """Run it and print the figures.

    Raises:
        BenchFailed: an unknown workload, or messages that did not go through.
        CallsFailed: what the log says of the calls does not add up.
        OtherHouse: of asof: the folder holds another number of items.
    """
    if workload == "asof":
        figures = uvloop.run(asof.run(items, data))
    elif workload == "W5":
        figures = uvloop.run(run_calls(calls, workers, rate, processes, data, kills, hot))
    elif workload == "W6":
        figures = uvloop.run(outage.run(messages, data))
    elif workload == "restart":
        figures = uvloop.run(restart.run(messages, data))
    elif workload in SHAPES:
        figures = uvloop.run(run_workload(workload, messages, data))
    else:
        known = " or ".join((*SHAPES, "W5", "W6", "asof", "restart"))
        raise BenchFailed("No such workload", where="--workload", found=workload, expected=known)
    for name, value in figures.items():
        say(f"{name:28} {value}")
    finish(figures, as_json=as_json)
    return OK
