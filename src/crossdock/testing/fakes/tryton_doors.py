"""The doors of a fake Tryton: its REST interface and its JSON-RPC, over one set of records.

Each is as odd as the real one: a stamp that is not the last is refused by JSON-RPC alone, a button
there gives nothing back, long answers are called compressed whether they are or not.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from crossdock.testing.fakes.fake import Asked, Reply, written
from crossdock.testing.fakes.tryton_records import Record, Records, shown

DATABASE: Final = "house"
KEY: Final = "canary-of-the-fake-erp"
USER: Final = "hub"
CONTEXT: Final = {"company": 1}

_REST: Final = re.compile(rf"\A/{DATABASE}/rest/model/([a-z.]+)(?:/([0-9]+)(?:/([a-z_]+))?)?")
_LONG: Final = 1400
_STAMP: Final = "_timestamp"


@dataclass(frozen=True, slots=True)
class House:
    """What stands behind a door."""

    records: Records
    make: Callable[[str, Record], Record]  # a draft of a model
    change: Callable[[Record, Record], None]  # of a record, these values
    press: Callable[[str, Record, str], bool]  # False where the button is for another state


class RestDoor:
    """A request for each record and button, by whoever shows the key and names the company."""

    def __init__(self, house: House) -> None:
        self._house = house

    def answer(self, asked: Asked) -> Reply:
        """Search, read, make, change or press."""
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            return Reply(401)
        place = _REST.fullmatch(asked.path)
        if place is None or decoded(asked.headers.get("x-tryton-context", "")) != CONTEXT:
            return Reply(404)
        model, number, button = place.groups()
        fields = [value for name, value in asked.query if name == "f"]
        if number is None:
            return self._of_model(asked, model, fields)
        record = self._house.records.get(model, int(number))
        if record is None:
            return Reply(404)
        if asked.method == "PUT":
            self._house.change(record, asked.json)
        elif button is not None and not self._house.press(model, record, button):
            return Reply(400, {"message": f"{button} in state {record['state']}"})
        return Reply(200, shown(record, fields))

    def _of_model(self, asked: Asked, model: str, fields: list[str]) -> Reply:
        if asked.method == "POST":
            return Reply(200, shown(self._house.make(model, asked.json), fields))
        found = self._house.records.search(model, decoded(asked.asked_for("d")))
        most = int(asked.asked_for("s", str(len(found))))
        return Reply(200, [shown(record, fields) for record in found[:most]])

    def in_words(self, asked: Asked) -> dict[str, Any]:
        """What was asked, domains in plain words."""
        words: dict[str, Any] = {"method": asked.method, "path": asked.path}
        if domain := asked.asked_for("d"):
            words["domain"] = decoded(domain)
        words["fields"] = [value for name, value in asked.query if name == "f"]
        if asked.body:
            words["body"] = asked.json
        return words


class _UserError(Exception):
    """Tryton does not do it, and says so."""


class JsonRpcDoor:
    """A method of a model for each thing, under a session that a user has opened."""

    def __init__(self, house: House, release: str) -> None:
        self._house = house
        self._release = release
        self._old = not release.startswith("8.")
        self._path = f"/{DATABASE}/" if self._old else f"/{DATABASE}/rpc/"
        self._opened = 0
        self.sessions: set[str] = set()
        """What proves the sessions that are open."""

    def answer(self, asked: Asked) -> Reply:
        """Log in, log out, or call a method."""
        method, params = asked.json["method"], asked.json["params"]
        if self._old and (asked.path, method) == ("/", "common.server.version"):
            return _said(asked, {"result": self._release})
        if asked.path != self._path:
            return Reply(404)
        if method == "common.db.login":
            return self._log_in(*params)
        shown = asked.headers.get("authorization", "").removeprefix("Session ")
        if shown not in self.sessions:
            return Reply(401)
        if method == "common.db.logout":
            self.sessions.remove(shown)
            return _said(asked, {"result": None})
        _, _, rest = method.partition("model.")
        model, _, what = rest.rpartition(".")
        try:
            return _said(asked, {"result": self._called(model, what, *params)})
        except _UserError as error:
            return _said(asked, {"error": ["UserError", [str(error), "", None]]})
        except BlockingIOError as error:
            return _said(asked, {"error": ["ConcurrencyException", str(error)]})

    def in_words(self, asked: Asked) -> dict[str, Any]:
        """What was called; the stamps are the fake's own."""
        said = asked.json
        *params, context = said["params"]
        if isinstance(context, dict) and _STAMP in context:
            context = {**context, _STAMP: sorted(context[_STAMP])}
        return {"path": asked.path, "method": said["method"], "params": [*params, context]}

    def _log_in(self, user: str, proof: Mapping[str, str]) -> Reply:
        if (user, proof.get("password")) != (USER, KEY):
            return Reply(401)
        self._opened += 1
        session = f"{USER}:2:{self._opened:064x}"
        self.sessions.add(base64.b64encode(session.encode()).decode())
        return Reply(200, {"id": 0, "result": [2, session.rpartition(":")[2], None]})

    def _called(self, model: str, method: str, *params: Any) -> Any:
        *values, context = params
        stamps = context.pop(_STAMP, {})
        if method in ("search_read", "read") and self._old and "list_price_used" in values[-1]:
            raise _UserError("list_price_used")
        if context != CONTEXT:
            raise _UserError("You are not allowed to access this company")
        if method == "search_read":
            domain, offset, limit, _, fields = values
            found = self._house.records.search(model, domain)[offset:]
            return [_dotted(shown(record, fields)) for record in found[:limit]]
        if method == "create":
            for one in values[0]:
                self._known(one.get("invoice_method"), "fulfillment", "shipment")
            return [self._house.make(model, one)["id"] for one in values[0]]
        records = [self._existing(model, number) for number in values[0]]
        if method == "read":
            return [_dotted(shown(record, values[1])) for record in records]
        for record in records:
            if stamps.get(f"{model},{record['id']}", record[_STAMP]) != record[_STAMP]:
                raise BlockingIOError("Records were modified in the meanwhile")
            if method == "write":
                self._house.change(record, values[1])
            elif not self._house.press(model, record, self._known(method, "do", "done")):
                raise _UserError(f"{method} in state {record['state']}")
        return None

    def _known(self, word: str, now: str, before: str) -> str:
        """A word as it is called now; one of another release is known to nobody."""
        if word == (now if self._old else before):
            raise _UserError(f"what is {word}?")
        return now if word == before else word

    def _existing(self, model: str, number: int) -> Record:
        record = self._house.records.get(model, number)
        if record is None:
            raise _UserError(f"You are trying to read records of {model} that don't exist anymore")
        return record


def _said(asked: Asked, said: Record) -> Reply:
    reply = Reply(200, {"id": asked.json["id"], **said})
    if len(written(reply)) > _LONG and "gzip" not in asked.headers.get("accept-encoding", ""):
        return Reply(200, reply.body, {"Content-Encoding": "gzip"})
    return reply


def _dotted(record: Record) -> Record:
    """A record whose links stand under their name and a dot."""
    said: Record = {}
    for name, value in record.items():
        many = isinstance(value, list) and bool(value) and isinstance(value[0], dict)
        if many:
            said[f"{name}."] = [_dotted(one) for one in value]
        elif isinstance(value, dict) and "id" in value:
            said[f"{name}."] = _dotted(value)
        else:
            said[name] = value
    return said


def decoded(text: str) -> Any:
    """What stands in URL-safe base64."""
    return json.loads(base64.urlsafe_b64decode(text)) if text else []


def letting_in(asked: Asked) -> bool:
    """Whether it is about a session only."""
    return asked.method == "POST" and str(asked.json.get("method")).startswith("common.db.")
