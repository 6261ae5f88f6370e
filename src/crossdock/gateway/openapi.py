"""The OpenAPI 3.1 document of the door, made from the structs of its answers and contracts."""

from __future__ import annotations

from typing import Any, Final

from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.envelope import Envelope
from crossdock.contracts.orders import Order
from crossdock.contracts.reservations import (
    ReservationAnswer,
    ReservationCommitment,
    ReservationRelease,
    ReservationRequest,
)
from crossdock.contracts.returns import ReturnAnswer, ReturnSubmission
from crossdock.contracts.submissions import OrderAnswer
from crossdock.gateway.app import BATCH, LINES
from crossdock.gateway.availability import AvailabilityAnswer, AvailabilityQuery
from crossdock.gateway.examples import example_message
from crossdock.gateway.masters import MasterView
from crossdock.gateway.orders import OrderRefusalProblem
from crossdock.gateway.problems import PROBLEM_JSON, ProblemDetails
from crossdock.gateway.reservations import RefusalProblem, ReservationView
from crossdock.gateway.returns import ReturnProblem
from crossdock.gateway.schemas import Schema, components_of, schema_id
from crossdock.gateway.taking import Receipts
from crossdock.gateway.views import MessageView, OrderView, PositionView
from crossdock.kernel.limits import (
    BATCH_BODY_BYTES_MAX,
    BATCH_MESSAGES_MAX,
    BODY_BYTES_MAX,
    MESSAGE_BYTES_MAX,
    STREAM_BODY_BYTES_MAX,
    STREAM_MESSAGES_MAX,
)

CONTRACTS_VERSION: Final = "1.0.0"
"""Of the contracts as a whole; each message type has a major version of its own in its name."""

_REF = "#/components/schemas/{name}"

# Status -> when it is answered.
_REFUSALS: Final = {
    400: "The body is not what its headers say, not JSON, or names a key twice.",
    401: "The key is missing or wrong.",
    403: "The key lacks the scope, or the system does not own this kind of fact.",
    404: "There is nothing here.",
    408: "The request took too long to arrive.",
    409: "This id stands on the log already, with other content; `position` says where.",
    413: "The body, a message or the number of messages is past a limit.",
    415: "The media type, the encoding or the format is not read here.",
    422: "A field does not hold what the contract says; `where` is its JSON path.",
    429: "Too many wrong keys came from this address.",
    500: "The hub failed; its log says more under the correlation id.",
    503: "The hub cannot take it now; send the same again after `Retry-After` seconds.",
    507: "The store is full; send the same again later.",
}


def openapi() -> Schema:
    """Make the document."""
    _, components = components_of(
        [
            Envelope,
            Order,
            OrderAnswer,
            Receipts,
            ProblemDetails,
            OrderRefusalProblem,
            RefusalProblem,
            ReservationView,
            ReturnSubmission,
            ReturnAnswer,
            ReturnProblem,
            AvailabilityQuery,
            AvailabilityAnswer,
            *(noun for _, noun, _ in _CALLS.values()),
            ReservationAnswer,
            *(view for view, _, _ in _VIEWS.values()),
        ],
        _REF,
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Crossdock gateway",
            "version": CONTRACTS_VERSION,
            "summary": "The way into the hub by HTTP.",
            "description": (
                "Messages are CloudEvents 1.0 in JSON. Sending the same message again is always "
                "safe: the answer names the place of the first. An answer is given after the "
                "message is durable."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "http://127.0.0.1:8100", "description": "A hub on this machine."}],
        "security": [{"key": []}],
        "paths": {
            "/v1/messages": {"post": _bring_messages()},
            **_submissions(),
            **_reservations(),
            **_returns(),
            "/v1/availability": {"post": _availability()},
            **_views(),
            "/health/live": {"get": _health("live", "Is the process up?")},
            "/health/ready": {"get": _health("ready", "Are messages taken?")},
        },
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A system's key, as the hub's configuration refers to it.",
                }
            },
            "schemas": components,
        },
    }


def _bring_messages() -> Schema:
    return {
        "operationId": "bringMessages",
        "summary": "Bring messages.",
        "description": (
            "One message, a batch or a stream of lines. In a batch or a stream each message has "
            "its own receipt, in order; one that is refused does not stop the others."
        ),
        "x-scope": "messages:write",
        "parameters": [
            {
                "name": "Content-Encoding",
                "in": "header",
                "description": "The body may be compressed once.",
                "schema": {"enum": ["gzip", "deflate"]},
            }
        ],
        "requestBody": {"required": True, "content": _bodies()},
        "responses": {
            "202": _answer("Every message was taken, or was on the log already."),
            "207": _answer("Some messages were refused; each receipt says which and why."),
            **{str(s): _problem(when) for s, when in _REFUSALS.items() if s != 404},
        },
    }


def _bodies() -> Schema:
    one = {"$ref": _REF.format(name="Envelope")}
    inbound = [row for row in CATALOGUE.values() if row.inbound]
    examples = {
        row.name: {"summary": row.summary, "value": example_message(row)} for row in inbound
    }
    types = ", ".join(f"`{schema_id(row.name)}`" for row in inbound)
    single = {
        "schema": {
            **one,
            "description": f"At most {BODY_BYTES_MAX} bytes, a message at most "
            f"{MESSAGE_BYTES_MAX}. Schemas of `data`: {types}.",
        },
        "examples": examples,
    }
    batch = {
        "type": "array",
        "items": one,
        "maxItems": BATCH_MESSAGES_MAX,
        "description": f"At most {BATCH_BODY_BYTES_MAX} bytes.",
    }
    lines = {
        "type": "string",
        "description": f"A message per line; at most {STREAM_MESSAGES_MAX} lines and "
        f"{STREAM_BODY_BYTES_MAX} bytes.",
    }
    return {
        "application/cloudevents+json": single,
        "application/json": single,
        BATCH: {"schema": batch},
        LINES: {"schema": lines},
    }


_CALLS: Final[dict[str, tuple[str, type[Any], str]]] = {
    "/v1/reservations": ("reserve", ReservationRequest, "Have units set aside."),
    "/v1/reservations/{reservation_id}/commit": (
        "commitReservation",
        ReservationCommitment,
        "The units are sold, whole or in part.",
    ),
    "/v1/reservations/{reservation_id}/release": (
        "releaseReservation",
        ReservationRelease,
        "The units are not wanted any more.",
    ),
}


def _reservations() -> Schema:
    found: Schema = {path: {"post": _call(path)} for path in _CALLS}
    found["/v1/reservations/{reservation_id}"] = {
        "get": {
            "operationId": "seeReservation",
            "summary": "How does a reservation stand?",
            "x-scope": "stock:promise",
            "parameters": [_path_parameter("reservation_id")],
            "responses": {
                "200": _json("Here it is.", "ReservationView"),
                **{str(s): _problem(_REFUSALS[s]) for s in (401, 403, 404, 429, 500, 503)},
            },
        }
    }
    return found


_RETURNS: Final[dict[str, tuple[str, str, str]]] = {
    "/v1/returns": (
        "submitReturn",
        "Let goods come back.",
        (
            "Decided and kept before it is answered; a refusal ends it. Sending the same again is "
            "answered the same again."
        ),
    ),
    "/v1/returns/validate": (
        "validateReturn",
        "May these goods come back?",
        "A question: nothing is promised, and nothing is put on the log.",
    ),
}


def _returns() -> Schema:
    body = {"schema": {"$ref": _REF.format(name="ReturnSubmission")}}
    refusal = {"schema": {"$ref": _REF.format(name="ReturnProblem")}}
    return {
        path: {
            "post": {
                "operationId": name,
                "summary": summary,
                "description": description,
                "x-scope": "messages:write",
                "requestBody": {"required": True, "content": {"application/json": body}},
                "responses": {
                    "200": _json("They may come back.", "ReturnAnswer"),
                    "409": {
                        "description": "Refused: `return_refusal` says why.",
                        "content": {PROBLEM_JSON: refusal},
                    },
                    **{str(s): _problem(w) for s, w in _REFUSALS.items() if s not in (409, 415)},
                },
            }
        }
        for path, (name, summary, description) in _RETURNS.items()
    }


def _submissions() -> Schema:
    """An order submitted, and one that is only asked about."""
    order = {"schema": {"$ref": _REF.format(name="Order")}}
    refusal = {"schema": {"$ref": _REF.format(name="OrderRefusalProblem")}}
    body = {"required": True, "content": {"application/json": order}}
    errors = {str(s): _problem(when) for s, when in _REFUSALS.items() if s not in (409, 415, 404)}
    submit: Schema = {
        "operationId": "submitOrder",
        "summary": "Submit an order and wait.",
        "description": (
            "Decided and kept before it is answered, rule by rule. The same again is answered the "
            "same again. An accepted order is placed on its own key's turn; the answer is no "
            "promise of stock: who needs one reserves first."
        ),
        "x-scope": "messages:write",
        "requestBody": body,
        "responses": {
            "200": _json("Accepted, or held.", "OrderAnswer"),
            "409": {
                "description": "Refused: `refusal` says why, `answer` what each rule found.",
                "content": {PROBLEM_JSON: refusal},
            },
            **errors,
        },
    }
    validate: Schema = {
        "operationId": "validateOrder",
        "summary": "What would become of an order?",
        "description": "A question: the same rules, and nothing is kept.",
        "x-scope": "messages:write",
        "requestBody": body,
        "responses": {
            "200": _json("Accepted, held or refused, rule by rule.", "OrderAnswer"),
            "409": _problem(_REFUSALS[409]),
            **errors,
        },
    }
    return {"/v1/orders": {"post": submit}, "/v1/orders/validate": {"post": validate}}


def _availability() -> Schema:
    query = {"schema": {"$ref": _REF.format(name="AvailabilityQuery")}}
    return {
        "operationId": "askAvailability",
        "summary": "What may a channel promise?",
        "description": "A question: nothing is set aside, and nothing is put on the log.",
        "x-scope": "stock:promise",
        "requestBody": {"required": True, "content": {"application/json": query}},
        "responses": {
            "200": _json("One row per item.", "AvailabilityAnswer"),
            **{str(s): _problem(when) for s, when in _REFUSALS.items() if s not in (409, 415, 404)},
        },
    }


def _call(path: str) -> Schema:
    name, noun, summary = _CALLS[path]
    refusal = {"schema": {"$ref": _REF.format(name="RefusalProblem")}}
    return {
        "operationId": name,
        "summary": summary,
        "description": (
            "Decided and kept before it is answered. Sending the same again is answered the same "
            "again. Where the path names the reservation, the body need not, and may be empty."
        ),
        "x-scope": "stock:promise",
        "parameters": [_path_parameter("reservation_id")] if "{" in path else [],
        "requestBody": {
            "required": "{" not in path,
            "content": {"application/json": {"schema": {"$ref": _REF.format(name=noun.__name__)}}},
        },
        "responses": {
            "200": _json("Granted, whole or in part.", "ReservationAnswer"),
            "409": {
                "description": "Refused: `refusal` says why, `answer` has the lines.",
                "content": {PROBLEM_JSON: refusal},
            },
            **{str(s): _problem(when) for s, when in _REFUSALS.items() if s not in (409, 415)},
        },
    }


def _json(description: str, name: str) -> Schema:
    body = {"schema": {"$ref": _REF.format(name=name)}}
    return {"description": description, "content": {"application/json": body}}


_VIEWS: Final[dict[str, tuple[type[Any], str, tuple[str, ...]]]] = {
    "/v1/position": (PositionView, "How far is the log?", ()),
    "/v1/messages/{partition}/{position}": (
        MessageView,
        "What did this message say?",
        ("partition", "position"),
    ),
    "/v1/orders/{order_id}": (OrderView, "How does an order stand?", ("order_id",)),
    "/v1/masters/{entity}/{id}": (
        MasterView,
        "Which message set each field of a master record?",
        ("entity", "id"),
    ),
}


def _views() -> Schema:
    found: Schema = {}
    for path, (view, summary, names) in _VIEWS.items():
        body = {"schema": {"$ref": _REF.format(name=view.__name__)}}
        answers: Schema = {
            "200": {"description": "Here it is.", "content": {"application/json": body}}
        }
        statuses = (401, 403, 404, 429, 500) if names else (401, 403, 429, 500)
        answers |= {str(status): _problem(_REFUSALS[status]) for status in statuses}
        found[path] = {
            "get": {
                "operationId": f"see{view.__name__.removesuffix('View')}",
                "summary": summary,
                "x-scope": "read",
                "parameters": [_path_parameter(name) for name in names],
                "responses": answers,
            }
        }
    return found


def _path_parameter(name: str) -> Schema:
    kind = "string" if name in ("order_id", "reservation_id") else "integer"
    return {"name": name, "in": "path", "required": True, "schema": {"type": kind}}


def _answer(description: str) -> Schema:
    schema = {"$ref": _REF.format(name="Receipts")}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _problem(description: str) -> Schema:
    schema = {"$ref": _REF.format(name="ProblemDetails")}
    return {"description": description, "content": {PROBLEM_JSON: {"schema": schema}}}


def _health(name: str, summary: str) -> Schema:
    body: dict[str, Any] = {
        "type": "object",
        "properties": {"status": {"type": "string"}},
        "required": ["status"],
    }
    answers = {"200": {"description": "Yes.", "content": {"application/json": {"schema": body}}}}
    if name == "ready":
        answers["503"] = {**answers["200"], "description": "Not now."}
    return {
        "operationId": f"is{name.capitalize()}",
        "summary": summary,
        "x-scope": "public",
        "security": [],
        "responses": answers,
    }
