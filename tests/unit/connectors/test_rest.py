"""The REST connector: wire shapes, and one answer per document whatever comes back."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from crossdock.connectors import rest
from crossdock.connectors.rest import outbound
from crossdock.connectors.rest.settings import RestSettings
from crossdock.contracts.connector import (
    Ability,
    Accepted,
    AlreadyDone,
    Connector,
    Document,
    Evidence,
    FarAnswer,
    NotThere,
    Refused,
    RetryLater,
    Unknown,
    Void,
)
from tests.unit.connectors.far import (
    JSON,
    SECRET,
    TYPE,
    Script,
    connector,
    document,
    far_side,
    reply,
)

GOLDEN = Path(rest.__file__).parent / "golden"
TWO = [document("erp/invoice/S-1"), document("erp/invoice/S-2", b'{"shipment_id":"S-2"}')]
ONE_DONE = b'{"id":"erp/invoice/S-1","status":201,"reference":"INV-1"}'


def send(
    documents: Sequence[Document], script: Script, *, hang: bool = False, **settings: object
) -> tuple[list[FarAnswer], list[bytes]]:
    """Tell documents to a scripted far side; gives the answers and what it saw."""

    async def run() -> tuple[list[FarAnswer], list[bytes]]:
        async with far_side(script, hang=hang) as far:
            far_connector = connector(far.url, **settings)
            try:
                return await far_connector.send(documents), far.requests
            finally:
                await far_connector.close()

    return asyncio.run(run())


def one(script: Script) -> FarAnswer:
    """Tell one document; gives its answer."""
    (answer,), _ = send(TWO[:1], script)
    return answer


def unasked(status: int) -> Unknown:
    """The answer of a look-up that said nothing."""
    return Unknown(f"the look-up was answered with status {status}")


def ask(script: Script, key: str = "erp/invoice/S-1") -> tuple[object, list[bytes]]:
    """Look one document up."""

    async def run() -> tuple[object, list[bytes]]:
        async with far_side(script) as far:
            far_connector = connector(far.url)
            try:
                return await far_connector.look_up(document(key)), far.requests
            finally:
                await far_connector.close()

    return asyncio.run(run())


def golden(name: str) -> bytes:
    """The body of a sample request, laid out for people."""
    [request] = msgspec.json.decode((GOLDEN / name).read_bytes())
    return msgspec.json.format(msgspec.json.encode(request["body"]), indent=0)


# --- what is sent ------------------------------------------------------------------------------


def test_one_document_goes_as_one_event() -> None:
    """A single document is a structured CloudEvent under its key, as the golden file has it."""
    _, (request,) = send(TWO[:1], reply(ONE_DONE))
    head, body = request.split(b"\r\n\r\n", 1)
    assert head.startswith(b"POST /invoices HTTP/1.1")
    assert b"Idempotency-Key: erp/invoice/S-1" in head
    assert b"Content-Type: application/cloudevents+json" in head
    assert msgspec.json.format(body, indent=0) == golden("single.requests.json")


def test_several_documents_go_as_one_batch() -> None:
    """Several documents are one array of events, ids as keys, as the golden file has it."""
    _, (request,) = send(TWO, reply(b'{"results":[]}'))
    head, body = request.split(b"\r\n\r\n", 1)
    assert b"Content-Type: application/cloudevents-batch+json" in head
    assert b"idempotency-key" not in head.lower()
    assert msgspec.json.format(body, indent=0) == golden("batch.requests.json")


def test_bodies_are_sent_as_they_are() -> None:
    """The canonical bytes of a document are not written anew."""
    odd = document(body=b'{"b": 1.50,\n "a":"\\u00e4"}')
    assert odd.body in outbound.single(odd)


def test_what_a_document_lacks_is_left_out() -> None:
    """An empty correlation or key is no attribute, because CloudEvents forbids empty ones."""
    bare = Document("k", TYPE, "", "", b"{}")
    event = msgspec.json.decode(outbound.single(bare))
    assert "subject" not in event
    assert "correlationid" not in event


def test_more_than_a_batch_is_cut_into_batches() -> None:
    """No request carries more documents than were configured."""
    many = [document(f"k{number}") for number in range(7)]
    answers, requests = send(many, _answer_each, batch_max=3)
    assert len(requests) == 3
    assert [answer.reference for answer in answers if isinstance(answer, Accepted)] == [
        f"R-k{number}" for number in range(7)
    ]


def test_documents_go_where_their_operation_says() -> None:
    """Types with paths of their own go there, each answer returns to its place."""
    operations = {
        TYPE: {"path": "/invoices"},
        "default": {"path": "/other"},
    }
    mixed = [
        document("a"),
        Document("b", "crossdock.order.released.v1", "O", "", b"{}"),
        document("c"),
    ]
    settings = msgspec.convert({"url": "http://x", "operations": operations}, RestSettings)
    answers, requests = send(mixed, _answer_each, operations=settings.operations)
    assert sorted(request.split(b" ")[1] for request in requests) == [b"/invoices", b"/other"]
    assert answers == [Accepted("R-a"), Accepted("R-b"), Accepted("R-c")]


def _answer_each(request: bytes) -> bytes:
    body = msgspec.json.decode(request.split(b"\r\n\r\n", 1)[1])
    if isinstance(body, dict):
        return reply(msgspec.json.encode({"id": body["id"], "reference": f"R-{body['id']}"}))
    results = [{"id": e["id"], "status": 201, "reference": f"R-{e['id']}"} for e in body]
    return reply(msgspec.json.encode({"results": results}))


# --- what comes back for one -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (reply(ONE_DONE), Accepted("INV-1")),
        (reply(b'{"reference":17}', "201 Created"), Accepted("17")),
        (reply(b'{"id":"erp/invoice/S-1"}'), Accepted("")),
        (reply(b'{"reference":"INV-1","replayed":true}'), AlreadyDone("INV-1")),
        (
            reply(b'{"reference":"I"}', "200 OK", "application/json", "Idempotent-Replayed: true"),
            AlreadyDone("I"),
        ),
        (reply(b"", "204 No Content"), Accepted("")),
        (
            reply(b'{"id":"erp/invoice/S-1","status":409}'),
            Refused("409 conflict: the same key with other content"),
        ),
        (
            reply(b'{"detail":"no such item"}', "422 Unprocessable"),
            Refused("422 not acceptable to them: no such item"),
        ),
        (reply(b'{"title":"Closed"}', "400 Bad"), Refused("400 bad request: Closed")),
        (reply(b"<html>", "404 Not Found", "text/html"), Refused("404 not found")),
        (reply(b"", "410 Gone"), Refused("410 gone: they no longer take this here")),
        (
            reply(b"", "301 Moved", "text/plain", "Location: http://x/"),
            Refused("301 a redirect, which is never followed"),
        ),
        (
            reply(b"", "429 Slow", "text/plain", "Retry-After: 7"),
            RetryLater("429 too many requests", 7.0, counts=False),
        ),
        (reply(b"", "503 Busy"), RetryLater("503 out of service", None, counts=False)),
        (reply(b"", "408 Late"), RetryLater("408 they waited too long for our request", None)),
        (reply(b"", "500 Oops"), Unknown("500 their failure, perhaps after they acted")),
    ],
)
def test_each_reply_means_one_answer(said: bytes, answer: FarAnswer) -> None:
    """A whole reply to one document is judged by its status and by what it says."""
    assert one(said) == answer


@pytest.mark.parametrize(
    "said",
    [
        reply(b"<html><form>Sign in</form></html>", "200 OK", "text/html"),
        reply(b""),
        reply(b" "),
        reply(b"OK", "200 OK", "text/plain"),
        reply(b"{}"),
        reply(b"[]"),
        reply(b"null"),
        reply(b'"INV-1"'),
        reply(b'{"error":"database is down"}'),
        reply(b'{"id":"erp/invoice/S-9","reference":"INV-9"}'),
        reply(b'{"id":"erp/invoice/S-1","reference":{"a":1}}'),
        reply(b'{"reference":"\xff"}'),
        reply(b'{"reference":"INV-1"} trailing'),
        reply(b"[" * 100_000),
        reply(ONE_DONE[:-1]),
    ],
)
def test_n4_success_that_says_nothing_of_our_key_is_unknown(said: bytes) -> None:
    """Status 200 with a login page, an error, garbage or another's result is never a success."""
    assert isinstance(one(said), Unknown)


@pytest.mark.parametrize("length", [True, False], ids=["with length", "until closed"])
def test_n6_truncated_replies_are_never_a_success(length: bool) -> None:
    """A reply cut after any number of its bytes is unknown; only the whole one is a success."""
    whole = reply(ONE_DONE, length=length)
    for size in range(len(whole)):
        assert isinstance(one(whole[:size] or None), Unknown), whole[:size]
    assert one(whole) == Accepted("INV-1")


def test_n6_truncated_chunks_are_never_a_success() -> None:
    """A chunked reply without its last chunk is unknown, although its JSON may be whole."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    whole = head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(ONE_DONE), ONE_DONE)
    answers = [one(whole[:size] or None) for size in range(len(whole) + 1)]
    assert {type(answer) for answer in answers[: len(head) + len(ONE_DONE)]} == {Unknown}
    assert answers[-1] == Accepted("INV-1")


def test_lost_reply_is_unknown() -> None:
    """The far side acted and its answer was lost: nobody knows."""
    assert one(None) == Unknown("lost: ServerDisconnectedError")


def test_no_reply_in_time_is_unknown() -> None:
    """What was sent and not answered in time may have happened."""
    (answer,), _ = send(TWO[:1], b"", hang=True, timeout_seconds=0.2)
    assert isinstance(answer, Unknown)
    assert answer.reason.startswith("timed-out")


def test_refused_connection_is_retried() -> None:
    """Where nobody listens nothing was sent, for one document and for many."""

    async def run(count: int) -> list[FarAnswer]:
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            far_connector = connector(f"http://127.0.0.1:{bound.getsockname()[1]}")
            try:
                return await far_connector.send([document(str(n)) for n in range(count)])
            finally:
                await far_connector.close()

    for count in (1, 3):
        answers = asyncio.run(run(count))
        assert (
            answers == [RetryLater("not-connected: ClientConnectorError 111", counts=False)] * count
        )


def test_keys_that_cannot_be_a_header_are_refused_unsent() -> None:
    """A business key with a line break never becomes a header."""
    answers, requests = send([document("a\r\nEvil: 1")], reply(ONE_DONE))
    assert answers == [Refused("the business key cannot be sent in a header: line-break")]
    assert requests == []


def test_references_from_outside_are_harmless() -> None:
    """Their number cannot smuggle a NUL, a line break or any length into the store."""
    answer = one(reply(b'{"reference":"a\\u0000b\\n' + b"x" * 500 + b'"}'))
    assert isinstance(answer, Accepted)
    assert answer.reference.startswith("a\\x00b\\n")
    assert len(answer.reference) <= 128


VOID = b'{"id":"erp/invoice/S-1","reference":"INV-1","state":"%s"}'


@pytest.mark.parametrize("state", [b"cancelled", b"VOIDED", b"Reversed", b"no such word"])
def test_a_record_that_does_not_stand_is_no_success(state: bytes) -> None:
    """Under status 200 or 201, new or replayed, by create or look-up: it is there, and void (P48).

    A state that nobody explained is not guessed.
    """
    void = Void("INV-1", state.decode())
    assert one(reply(VOID % state)) == void
    assert one(reply(VOID % state, "200 OK", JSON, "Idempotent-Replayed: true")) == void
    assert ask(reply(VOID % state))[0] == void
    result = msgspec.json.decode(VOID % state)
    assert send(TWO, batch({**result, "status": 201}))[0][0] == void


@pytest.mark.parametrize("state", [b"posted", b"Open", b"odd"])
def test_a_record_that_stands_is_a_success(state: bytes) -> None:
    """Words known everywhere, and those that an operator explained."""
    states = {"odd": "stands"}
    operations = {TYPE: {"look_up": "/x/{key}", "states": states}}
    settings = msgspec.convert({"url": "http://x", "operations": operations}, RestSettings)
    answers, _ = send(TWO[:1], reply(VOID % state), operations=settings.operations)
    assert answers == [Accepted("INV-1")]


def test_an_operator_may_take_what_is_void_as_done() -> None:
    """For what does not matter once it is cancelled there; and explain a common word otherwise."""
    for more in ({"on_void": "accept"}, {"states": {"cancelled": "stands"}}):
        settings = msgspec.convert({"url": "http://x", "operations": {TYPE: more}}, RestSettings)
        answers, _ = send(TWO[:1], reply(VOID % b"cancelled"), operations=settings.operations)
        assert answers == [Accepted("INV-1")]


def test_evidence_is_what_went_and_what_came() -> None:
    """Status, their words, and digests over the very bytes of both bodies."""
    said = b'{"detail":"no such item"}'
    (answer,), (request,) = send(TWO[:1], reply(said, "422 Unprocessable"))
    assert answer.evidence == Evidence(
        422,
        "no such item",
        sha256(request.split(b"\r\n\r\n", 1)[1]).digest(),
        sha256(said).digest(),
    )


def test_documents_of_one_request_share_its_digests_and_keep_their_own_status() -> None:
    """So that a person finds the request in the far side's log, and the document in it."""
    said = batch({"id": "erp/invoice/S-1", "status": 201}, {"id": "erp/invoice/S-2", "status": 500})
    (first, second), _ = send(TWO, said)
    assert (first.evidence.status, second.evidence.status) == (201, 500)
    assert first.evidence.sent == second.evidence.sent != b""
    assert first.evidence.received == second.evidence.received != b""


def test_what_was_sent_is_known_also_without_a_reply() -> None:
    """A lost reply leaves the digest of what went."""
    (answer,), (request,) = send(TWO[:1], None)
    assert answer.evidence == Evidence(sent=sha256(request.split(b"\r\n\r\n", 1)[1]).digest())


def test_our_secret_said_back_is_in_no_evidence() -> None:
    """A far side that echoes our credential in its words puts it into no table."""
    said = reply(b'{"detail":"bad token %s"}' % SECRET.encode(), "422 Unprocessable")
    answer = one(said)
    assert isinstance(answer, Refused)
    assert SECRET not in answer.reason + answer.evidence.words
    assert answer.evidence.words == "bad token [redacted]"


# --- what comes back for many ------------------------------------------------------------------


def batch(*results: object) -> bytes:
    """A reply to a batch."""
    return reply(msgspec.json.encode({"results": results}), "207 Multi-Status")


def test_each_result_is_judged_by_itself() -> None:
    """One request may hold every kind of answer, matched by id and not by place."""
    documents = [document(key) for key in "abcdefg"]
    said = batch(
        {"id": "g", "status": 500, "detail": "disk"},
        {"id": "b", "status": 200, "reference": "R2", "replayed": True},
        {"id": "a", "status": 201, "reference": "R1"},
        {"id": "c", "status": 422, "detail": "no such item"},
        {"id": "d", "status": 429, "retry_after": 2},
        {"id": "stranger", "status": 201},
        {"id": "e", "reference": "R5"},
    )
    answers, requests = send(documents, said)
    assert answers == [
        Accepted("R1"),
        AlreadyDone("R2"),
        Refused("422 not acceptable to them: no such item"),
        RetryLater("429 too many requests", 2.0, counts=False),
        Unknown("missing"),
        Unknown("missing"),
        Unknown("500 their failure, perhaps after they acted: disk"),
    ]
    assert len(requests) == 1


def test_a_result_out_of_shape_harms_no_other() -> None:
    """One result that is not as it should be is unknown; its neighbours count."""
    said = batch(
        {"id": "erp/invoice/S-1", "status": "fine"}, {"id": "erp/invoice/S-2", "status": 200}
    )
    answers, _ = send(TWO, said)
    assert answers == [Unknown("missing"), Accepted("")]


@pytest.mark.parametrize(
    "said",
    [
        None,
        reply(b"<html>Sign in</html>", "200 OK", "text/html"),
        reply(b""),
        reply(b"[]"),
        reply(b"{}"),
        reply(b'{"results":{}}'),
        reply(b'{"results":null}'),
        reply(b"", "204 No Content"),
        reply(b"", "502 Bad Gateway"),
    ],
)
def test_a_batch_without_results_is_unknown_for_all(said: bytes | None) -> None:
    """Without results every document of the request has the same answer: unknown."""
    answers, requests = send(TWO, said)
    assert [type(answer) for answer in answers] == [Unknown, Unknown]
    assert len(requests) == 1


def test_a_wish_to_wait_holds_for_the_whole_batch() -> None:
    """429 for a batch asks every document to wait, and no request follows."""
    answers, requests = send(TWO, reply(b"", "429 Slow", "text/plain", "Retry-After: 3"))
    assert answers == [RetryLater("429 too many requests", 3.0, counts=False)] * 2
    assert len(requests) == 1


def test_one_bad_document_does_not_condemn_its_neighbours() -> None:
    """A batch refused whole is halved until the culprit stands alone; the others are taken."""

    def refuse_k5(request: bytes) -> bytes:
        if b'"id":"k5"' in request:
            return reply(b'{"detail":"k5 is bad"}', "400 Bad Request")
        return _answer_each(request)

    answers, _ = send([document(f"k{number}") for number in range(8)], refuse_k5)
    assert answers[5] == Refused("400 bad request: k5 is bad")
    assert [answer for place, answer in enumerate(answers) if place != 5] == [
        Accepted(f"R-k{number}") for number in range(8) if number != 5
    ]


def test_n6_truncated_batch_replies_are_never_a_success() -> None:
    """A reply to a batch that is cut short is unknown for every document in it."""
    results = [{"id": d.business_key, "status": 201, "reference": "R"} for d in TWO]
    whole = reply(msgspec.json.encode({"results": results}), length=False)
    for size in range(0, len(whole), 3):
        answers, _ = send(TWO, whole[:size] or None)
        assert [type(answer) for answer in answers] == [Unknown, Unknown]


# --- asking ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (reply(ONE_DONE), AlreadyDone("INV-1")),
        (reply(b'{"reference":"INV-1","count":2}'), AlreadyDone("INV-1")),
        (reply(b"", "404 Not Found"), NotThere()),
        (reply(b'{"detail":"no such effect"}', "404 Not Found"), NotThere()),
        (reply(b"<h1>Not Found</h1>", "404 Not Found", "text/html"), unasked(404)),
        (reply(b"<html>Sign in</html>", "200 OK", "text/html"), unasked(200)),
        (reply(b'{"id":"another"}'), unasked(200)),
        (reply(b"", "302 Found", "text/plain", "Location: /"), unasked(302)),
        (reply(b"", "401 Who"), unasked(401)),
        (reply(b"", "410 Gone"), unasked(410)),
        (reply(b"", "503 Busy"), unasked(503)),
        (None, Unknown("lost: ServerDisconnectedError")),
    ],
)
def test_only_a_plain_yes_or_no_is_believed(said: bytes | None, answer: object) -> None:
    """A look-up frees the hub to send again only where the far side itself denies the effect."""
    found, _ = ask(said)
    assert found == answer


def test_keys_are_quoted_in_the_path() -> None:
    """The key is one segment of the path that is asked."""
    _, requests = ask(reply(ONE_DONE), "erp/a b?c")
    assert requests[0].startswith(b"GET /effects/erp%2Fa%20b%3Fc HTTP/1.1\r\n")


def test_systems_that_cannot_be_asked_are_not() -> None:
    """Without a look-up path the answer is unknown and nothing is sent."""

    async def run() -> tuple[object, int]:
        async with far_side(reply(ONE_DONE)) as far:
            far_connector = connector(far.url, operations={})
            answer = await far_connector.look_up(document())
            await far_connector.close()
            return answer, len(far.requests)

    assert asyncio.run(run()) == (Unknown("this system cannot be asked"), 0)


# --- what it is --------------------------------------------------------------------------------


def test_it_is_a_connector() -> None:
    """It has all that the protocol names, and says what its operations can."""
    made: Connector = connector("http://127.0.0.1:1")
    assert made.batch_max == 500
    assert made.ability(TYPE) is Ability.KEYS
    assert made.ability("crossdock.order.released.v1") is Ability.NEITHER


def test_answers_and_names_never_show_the_secret() -> None:
    """Neither the connector nor any answer of a failing far side shows the credential."""
    answers, (request,) = send(TWO[:1], reply(b"<html>", "500 Oops"))
    assert SECRET.encode() in request
    assert SECRET not in repr(answers)
    assert SECRET not in repr(connector("http://127.0.0.1:1"))
