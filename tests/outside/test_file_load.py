"""A full export by file into a real hub: killed in the middle, it goes on from its checkpoint.

`python -m tests.outside.test_file_load 100000` plays the same with so many records and prints what
it took.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest

from crossdock.runtime.processhub import HubProcess
from crossdock.storage.postgres.server import EmbeddedServer
from tests.helpers.aio import eventually_async, run

CONFIG = """
hub: {{name: loading, listen: "127.0.0.1:0", data: data}}
systems:
  edi:
    connector: files
    folder: "{folder}"
    stable_seconds: 0
    page_size: {page}
    poll_seconds: 1
    feeds:
      items:
        match: "items-*.ndjson"
        format: ndjson
        type: crossdock.item.changed.v1
        key: [sku]
        full: true
        control: {{column: sku, value: TOTAL, count: rev}}
        fields:
          item: {{from: sku}}
          description: {{from: name}}
          revision: {{from: rev, as: whole}}
ownership:
  item: {{owner: edi}}
"""
_SAID = "SELECT count(*) FROM message WHERE source = 'edi'"
_DECIDED = "SELECT count(*) FROM outcome WHERE fate = 'applied'"
_ITEMS = "SELECT count(*) FROM master WHERE kind = 'item'"


@dataclass(frozen=True)
class Load:
    """What was seen: seconds of each part, and what stands in the end."""

    killed_at: int  # messages on the log when the hub was killed
    load_seconds: float  # from the first start until all is decided, kill and restart included
    again_seconds: float  # the same content once more
    said: int
    items: int
    said_again: int
    reports: list[dict[str, int]]


def export(records: int) -> str:
    """A full export with its control record."""
    rows = [{"sku": f"I{n}", "name": f"Item {n}", "rev": 1} for n in range(records)]
    rows.append({"sku": "TOTAL", "name": "", "rev": records})
    return "".join(json.dumps(row) + "\n" for row in rows)


async def load(place: Path, records: int, page: int) -> Load:
    """Load an export into a hub that is killed in the middle, then the same one again."""
    folder = place / "edi"
    folder.mkdir()
    config = place / "crossdock.yaml"
    config.write_text(CONFIG.format(folder=folder, page=page))
    (folder / "items-1.ndjson").write_text(export(records))
    began = time.monotonic()
    hub = HubProcess(config, place / "hub.log")
    await hub.start()
    async with _looking(place) as connection:
        await eventually_async(_reaches(connection, _SAID, records // 3), seconds_max=300)
        killed_at = await connection.fetchval(_SAID)
    await hub.kill()
    await hub.start()
    done = folder / "done" / "items"
    try:
        async with _looking(place) as connection:
            await eventually_async(_reaches(connection, _DECIDED, records), seconds_max=300)
            loaded = time.monotonic()
            await eventually_async(_there(done / "items-1.ndjson.report.json"), seconds_max=60)
            said = await connection.fetchval(_SAID)
            again = time.monotonic()
            (folder / "items-2.ndjson").write_text(export(records))
            await eventually_async(_there(done / "items-2.ndjson.report.json"), seconds_max=60)
            ended = time.monotonic()
            items, said_again = [await connection.fetchval(one) for one in (_ITEMS, _SAID)]
    finally:
        await hub.stop()
    reports = [json.loads((done / f"items-{n}.ndjson.report.json").read_text()) for n in (1, 2)]
    return Load(killed_at, loaded - began, ended - again, said, items, said_again - said, reports)


@asynccontextmanager
async def _looking(place: Path) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the database of a hub that runs."""
    async with EmbeddedServer(place / "data") as server:
        connection = await asyncpg.connect(server.dsn)
        try:
            yield connection
        finally:
            await connection.close()


def _reaches(
    connection: asyncpg.Connection, question: str, count: int
) -> Callable[[], Awaitable[bool]]:
    async def reached() -> bool:
        return bool(await connection.fetchval(question) >= count)

    return reached


def _there(path: Path) -> Callable[[], Awaitable[bool]]:
    async def there() -> bool:
        return await asyncio.to_thread(path.exists)

    return there


@pytest.mark.postgres
@pytest.mark.timeout(300)
def test_a_load_that_is_killed_in_the_middle_is_whole_in_the_end(tmp_path: Path) -> None:
    """Each record once, the control record agrees, and the same export again changes nothing."""
    seen = run(load(tmp_path, 2_000, 100))
    assert 0 < seen.killed_at < 2_000
    assert (seen.said, seen.items, seen.said_again) == (2_000, 2_000, 0)
    first, second = seen.reports
    assert (first["records"], first["said"]) == (2_000, 2_000)
    assert (second["records"], second["unchanged"]) == (2_000, 2_000)


if __name__ == "__main__":
    with TemporaryDirectory() as kept:
        print(run(load(Path(kept), int(sys.argv[1]), 1_000)))
