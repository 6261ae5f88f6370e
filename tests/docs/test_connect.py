"""The guide to connecting a system, played through with a real hub and a far system of our own."""

from __future__ import annotations

import http.client
import json
import re
import shlex
import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

import asyncpg
import pytest

from crossdock.runtime.processhub import HubProcess
from crossdock.runtime.watching import left_to_do
from crossdock.storage.postgres.server import EmbeddedServer
from tests.docs.pages import DOCS, block, blocks, text_of
from tests.helpers.aio import eventually_async, run

PAGE = DOCS / "guides" / "connect-a-system.md"
KEYS = {
    "ERP_INBOUND_KEY": "a-key-of-the-erp-for-this-test-alone",
    "WMS_INBOUND_KEY": "a-key-of-the-wms-for-this-test-alone",
    "WMS_CREDENTIAL": "a-key-of-ours-for-this-test-alone",
    "WMS_SIGNING_SECRET": "whsec_dGhpcyBzZWNyZXQgaXMgZm9yIHRoaXMgdGVzdCBhbG9uZQ==",
    "PIM_CREDENTIAL": "a-key-at-the-pim-for-this-test-alone",
}
SECONDS_MAX = 30

Told = tuple[str, dict[str, str], bytes]


@contextmanager
def far_system(answer: bytes) -> Iterator[tuple[int, Queue[Told]]]:
    """A system that answers everything alike; gives its port and what it was told."""
    told: Queue[Told] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(201)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
            told.put((self.path, dict(self.headers), body))

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
            told.put((self.path, dict(self.headers), b""))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port, told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def curled(command: str, folder: Path, port: int, keys: Mapping[str, str] = KEYS) -> str:
    """Do what a curl command of the guide says, at the hub's real port; gives status and body."""
    words = shlex.split(string.Template(command).substitute(keys))
    assert words[0] == "curl"
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    body = (folder / words[words.index("--data-binary") + 1].removeprefix("@")).read_bytes()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS_MAX)
    try:
        connection.request("POST", urlsplit(words[-1]).path, body, headers)
        response = connection.getresponse()
        return f"{response.status} {response.read().decode()}"
    finally:
        connection.close()


def matches(expected: str, found: str) -> bool:
    """Whether a text is the expected one, in which `...` stands for anything."""
    return bool(re.fullmatch(".*".join(map(re.escape, expected.split("..."))), found))


async def is_decided(connection: asyncpg.Connection) -> bool:
    """Whether the hub has decided all that was posted; a reader takes longer to the next step."""
    left = await left_to_do(connection)
    return left.accepted == left.decided


async def play(folder: Path, port_of_theirs: int, told: Queue[Told]) -> Told:
    """Start a hub, post what the guide posts, and give what the far system was told."""
    config = folder / "crossdock.yaml"
    text = block(PAGE, "file crossdock.yaml").text
    text = text.replace("127.0.0.1:8100", "127.0.0.1:0")
    config.write_text(text.replace("127.0.0.1:8101", f"127.0.0.1:{port_of_theirs}"))
    hub = HubProcess(config, folder / "hub.log")
    ready = await hub.start()
    try:
        async with EmbeddedServer(folder / ".crossdock") as server:
            connection = await asyncpg.connect(server.dsn)
            for one in blocks(PAGE):
                if one.mark.startswith("file ") and one.language == "json":
                    (folder / one.mark.removeprefix("file ")).write_text(one.text)
                elif one.mark == "curl":
                    command, expected = one.text.removeprefix("$ ").strip().split("\n")
                    found = curled(command, folder, ready.port)
                    assert matches(expected, found), f"{command}\n{found}"
                    await eventually_async(partial(is_decided, connection))
            await connection.close()
        return told.get(timeout=SECONDS_MAX)
    finally:
        assert await hub.stop() == 0


@pytest.mark.postgres
def test_a_system_connects_as_the_guide_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Posting is answered, and the warehouse is told, with the very words of the guide."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    answer = block(PAGE, "answer").text.encode()
    with far_system(answer) as (port, told):
        path, headers, body = run(play(tmp_path, port, told))
    expected = json.loads(block(PAGE, "told").text)
    assert (path, json.loads(body)) == ("/told", expected)
    assert headers["Authorization"] == f"Bearer {KEYS['WMS_CREDENTIAL']}"
    assert headers["Idempotency-Key"] == expected["id"]
    page: dict[str, Any] = {}
    exec(block(PAGE, "verify").text, page)
    assert page["is_theirs"](KEYS["WMS_SIGNING_SECRET"], headers, body)
    assert not page["is_theirs"](KEYS["WMS_SIGNING_SECRET"], headers, body + b" ")


async def ask(folder: Path, port_of_theirs: int) -> tuple[list[str], list[str]]:
    """Start a hub that asks for a list; gives its items, and the kinds of what it heard."""
    config = folder / "pim.yaml"
    text = block(PAGE, "file pim.yaml").text.replace("127.0.0.1:8100", "127.0.0.1:0")
    config.write_text(text.replace("127.0.0.1:8104", f"127.0.0.1:{port_of_theirs}"))
    hub = HubProcess(config, folder / "hub.log")
    await hub.start()
    try:
        async with EmbeddedServer(folder / ".crossdock") as server:
            connection = await asyncpg.connect(server.dsn)

            async def is_heard() -> bool:
                items = await connection.fetchval("SELECT count(*) FROM master")
                return items == 1 and await is_decided(connection)

            await eventually_async(is_heard, seconds_max=SECONDS_MAX)
            items = await connection.fetch("SELECT id FROM master WHERE kind = 'item'")
            kinds = await connection.fetch("SELECT type FROM message ORDER BY type")
            await connection.close()
        return [str(row[0]) for row in items], [str(row[0]) for row in kinds]
    finally:
        assert await hub.stop() == 0


@pytest.mark.postgres
def test_a_list_is_read_as_the_guide_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked for so, one item is known, and the other is set aside."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with far_system(block(PAGE, "list").text.encode()) as (port, told):
        items, kinds = run(ask(tmp_path, port))
    asked, headers, _ = told.get(timeout=SECONDS_MAX)
    assert f"`GET {unquote(asked)}`" in text_of(PAGE)
    assert headers["Authorization"] == f"Bearer {KEYS['PIM_CREDENTIAL']}"
    assert items == ["MUG"]
    assert kinds == ["crossdock.item.changed.v1", "crossdock.record.set_aside.v1"]
