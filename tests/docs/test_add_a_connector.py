"""The guide to adding a connector, followed to the letter, with the invented system behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from crossdock.testing.fakes.fake import Asked, FakeFarSystem, Reply
from tests.docs.consoles import follow
from tests.docs.pages import DOCS

PAGE = DOCS / "guides" / "add-a-connector.md"
KEY = "a-key-of-the-quayside-of-this-test"


class Quayside(FakeFarSystem):
    """The invented warehouse system, by its own manual: it knows nothing of the connector."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: dict[str, dict[str, Any]] = {}
        self.dispatches = [self._dispatch(number) for number in range(1, 251)]

    def settings(self) -> dict[str, Any]:
        """Of no use here: the guide's configuration reaches it."""
        return {}

    def effects(self) -> Mapping[str, Any]:
        """The tasks, by the other side's reference."""
        return self.tasks

    def answer(self, asked: Asked) -> Reply:
        """Tasks and dispatches, for who shows the key."""
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            return Reply(401, {"error": "who are you"})
        if asked.path == "/v2/dispatches":
            behind = (
                datetime.fromisoformat(asked.asked_for("from")),
                asked.asked_for("after"),
            )
            found = [
                one
                for one in self.dispatches
                if (datetime.fromisoformat(one["updated_at"]), one["dispatch_no"]) > behind
            ]
            return Reply(200, {"dispatches": found[: int(asked.asked_for("limit"))]})
        if asked.method == "POST" and asked.path == "/v2/tasks":
            return self._task(asked.json)
        found_task = self.tasks.get(asked.path.removeprefix("/v2/tasks/"))
        return Reply(404) if found_task is None else Reply(200, found_task)

    def _task(self, wanted: dict[str, Any]) -> Reply:
        known = self.tasks.get(wanted["ext_ref"])
        if known is not None:
            return Reply(200, known)
        number = f"T-{len(self.tasks) + 1}"
        self.tasks[wanted["ext_ref"]] = {
            "ext_ref": wanted["ext_ref"],
            "task_no": number,
            "status": "NEW",
            "rows": wanted["rows"],
        }
        return Reply(201, self.tasks[wanted["ext_ref"]])

    def _dispatch(self, number: int) -> dict[str, Any]:
        minute = f"2031-03-03T{8 + number // 60:02}:{number % 60:02}:00Z"
        return {
            "dispatch_no": f"D-{number:04}",
            "updated_at": minute,
            "left_at": minute,
            "order": f"SO-{number}",
            "carrier": "H7",
            "rows": [{"pos": "1", "article": "MUG", "qty": "2"}],
        }


@contextmanager
def standing(system: FakeFarSystem) -> Iterator[None]:
    """Let it listen in a thread of its own, for other processes."""
    ready, loops = Event(), []

    async def serve() -> None:
        over = asyncio.Event()
        loops.append((asyncio.get_running_loop(), over))
        async with system.listening():
            ready.set()
            await over.wait()

    thread = Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(timeout=30)
        yield
    finally:
        loop, over = loops[0]
        loop.call_soon_threadsafe(over.set)
        thread.join()


@pytest.mark.timeout(300)
def test_a_connector_is_made_mapped_and_certified_as_the_guide_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command prints what the guide shows, and the task is there once."""
    monkeypatch.setenv("WMS_CREDENTIAL", KEY)
    quayside = Quayside()
    with standing(quayside):
        steps = list(
            follow(PAGE, tmp_path, lambda text: text.replace("127.0.0.1:8103", quayside.url[7:]))
        )
    assert len(steps) == 6
    recorded = (tmp_path / "quayside/quayside/golden/sandbox.recording.json").read_text()
    assert "D-0250" in recorded
    assert KEY not in recorded
    assert {key: one["rows"] for key, one in quayside.tasks.items()} == {
        "wms/release/SO-1-R1": [{"pos": "1", "article": "MUG", "qty": "3"}]
    }
