"""A slice of the simulator on a real server: the same schedules, with `verify` at their ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crossdock.runtime.simulation.plan import plan_of
from crossdock.runtime.simulation.postgres import Database, play_there
from tests.conftest import PostgresServer

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def database(postgres_server: PostgresServer) -> Iterator[Database]:
    """One database; each schedule empties it."""
    name = postgres_server.create()
    ours = Database(postgres_server.dsn_of(name))
    yield ours
    ours.close()
    postgres_server.drop(name)


@pytest.mark.parametrize("seed", range(1, 13))
def test_a_schedule_breaks_no_promise(database: Database, seed: int) -> None:
    """Connections break at statements, answers to commits are lost, and nothing comes of it."""
    assert play_there(database, plan_of(seed)).breach is None


def test_a_schedule_is_the_same_each_time(database: Database) -> None:
    """At the grain of transactions the seed decides here too (M7)."""
    digests = {play_there(database, plan_of(2)).digest for _ in range(2)}
    assert len(digests) == 1
