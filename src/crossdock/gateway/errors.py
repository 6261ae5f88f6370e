"""What the door refuses, besides what the kernel's decoder refuses: each with a stable code.

CrossdockError (kernel)                  crossdock
├── NotNow                               not-now
│   ├── Overloaded                       overloaded
│   ├── BacklogFull                      backlog-full
│   ├── DiskLow                          disk-low
│   ├── MemoryHigh                       memory-high
│   ├── NoDesk                           no-desk
│   ├── NotDecidedYet                    not-decided-yet
│   └── ShuttingDown                     shutting-down
└── BadInput (kernel)                    bad-input
    ├── UnknownType (kernel)             unknown-type
    │   └── UnknownMessageType           unknown-message-type
    ├── TimeOutOfRange                   time-out-of-range
    ├── Forbidden                        forbidden
    │   ├── WrongSource                  wrong-source
    │   ├── NotYours                     not-yours
    │   ├── HubOnly                      hub-only
    │   └── MissingScope                 missing-scope
    ├── FlowNotActive                    flow-not-active
    ├── IdConflict                       id-conflict
    ├── Refused                          refused
    ├── CallHeld                         call-held
    ├── WrongKey                         wrong-key
    ├── WrongSignature                   wrong-signature
    ├── TooManyWrongKeys                 too-many-wrong-keys
    ├── TooFast                          too-fast
    ├── NotFound                         not-found
    ├── WrongMethod                      wrong-method
    ├── UnsupportedMediaType             unsupported-media-type
    ├── TooManyRefused                   too-many-refused
    ├── TooSlow                          too-slow
    ├── CutShort                         cut-short
    ├── HeadersTooLong                   headers-too-long
    └── BadRequest                       bad-request
"""

from __future__ import annotations

from crossdock.kernel.errors import BadInput, CrossdockError, UnknownType


class UnknownMessageType(UnknownType):
    """No message type of this name is in the catalogue."""

    code = "unknown-message-type"
    expects = "a type of the catalogue, with its version"


class TimeOutOfRange(BadInput):
    """A time lies before 1990 or more than a day ahead."""

    code = "time-out-of-range"
    advice = "set the sender's clock, and look for seconds that are read as milliseconds"


class Forbidden(BadInput):
    """The caller is known and may not do this."""

    code = "forbidden"


class WrongSource(Forbidden):
    """A system may speak as itself only."""

    code = "wrong-source"
    advice = "send it with the key of the system that the source names"


class NotYours(Forbidden):
    """Another system owns this kind of fact here."""

    code = "not-yours"
    advice = "let its owner send it, or change the ownership in the configuration"


class HubOnly(Forbidden):
    """The hub alone says messages of this type."""

    code = "hub-only"
    expects = "a type that far systems may send"
    advice = "send the fact that it follows from; the hub decides the rest"


class MissingScope(Forbidden):
    """The key is right and does not open this door."""

    code = "missing-scope"
    advice = "use a key with this scope, or give the key the scope in the configuration"


class FlowNotActive(BadInput):
    """Messages of this type do not flow here: their ownership has a hole, or they are stopped."""

    code = "flow-not-active"
    expects = "a message type whose flow runs"
    advice = (
        "keep it and send it again when the configuration is mended; `crossdock check` says how"
    )


class IdConflict(BadInput):
    """A message with this source and id is on the log already and says something else."""

    code = "id-conflict"
    expects = "the same content whenever an id comes again"
    advice = "the first message stands; send a correction under an id of its own"


class Refused(BadInput):
    """The call was understood, and the answer is no; `refusal` says why."""

    code = "refused"
    advice = "see the answer's lines for what there is; ask for something else under a new id"


class CallHeld(BadInput):
    """The call is kept and not applied; a person decides."""

    code = "call-held"
    advice = "look at the hub's exceptions"


class WrongKey(BadInput):
    """The request shows no key that we know."""

    code = "wrong-key"
    expects = "Authorization: Bearer and a key"
    advice = "use the key that the hub's configuration names for this system"


class WrongSignature(BadInput):
    """The webhook is not proven to be the far system's own, or it is not of this time."""

    code = "wrong-signature"
    expects = "headers signed over the raw body with the secret of this system, within 300 s"
    advice = "compare the webhook secret of both sides, and both clocks"


class TooManyWrongKeys(BadInput):
    """Too many requests with wrong keys came from this address."""

    code = "too-many-wrong-keys"
    advice = "correct the key, then wait a minute"


class TooFast(BadInput):
    """This system sends more messages than its share."""

    code = "too-fast"
    advice = "wait as long as Retry-After says, then send the same again"

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


class NotFound(BadInput):
    """There is nothing here."""

    code = "not-found"
    advice = "look at the OpenAPI document for the paths that exist"


class WrongMethod(BadInput):
    """This path does not take this method."""

    code = "wrong-method"
    advice = "use a method that the Allow header names"


class UnsupportedMediaType(BadInput):
    """The Content-Type is not one that we read here."""

    code = "unsupported-media-type"
    expects = (
        "application/cloudevents+json, application/cloudevents-batch+json or application/x-ndjson"
    )
    advice = "name the Content-Type of the body"


class TooManyRefused(BadInput):
    """So many lines of a stream were refused that the rest is not read."""

    code = "too-many-refused"
    advice = "correct what the receipts name, then send the refused lines and the rest"


class TooSlow(BadInput):
    """The request took too long to arrive."""

    code = "too-slow"
    advice = "send smaller requests, or look at the line between the two"


class CutShort(BadInput):
    """The sender went away in the middle of its request."""

    code = "cut-short"
    advice = "send it again under the same ids"


class HeadersTooLong(BadInput):
    """The request's headers are longer than we take."""

    code = "headers-too-long"
    advice = "send fewer or shorter headers"


class BadRequest(BadInput):
    """The request is not HTTP as we read it."""

    code = "bad-request"
    expects = "a well-formed HTTP/1.1 request"
    advice = "use an HTTP library; send again on a new connection"


class NotNow(CrossdockError):
    """Nothing is wrong with the request, and the hub cannot take it at the moment."""

    code = "not-now"
    retry_after_seconds = 1
    advice = "send the same again, under the same ids, after the pause that Retry-After names"


class BacklogFull(NotNow):
    """So many messages wait to be decided that no more are taken."""

    code = "backlog-full"
    retry_after_seconds = 5


class DiskLow(NotNow):
    """The disk of the database is nearly full; nothing is taken until there is room."""

    code = "disk-low"
    retry_after_seconds = 10


class MemoryHigh(NotNow):
    """The hub's process uses more memory than it may."""

    code = "memory-high"
    retry_after_seconds = 5


class Overloaded(NotNow):
    """More waits for the store than the hub can promise to keep."""

    code = "overloaded"


class ShuttingDown(NotNow):
    """The hub is about to stop and takes nothing new."""

    code = "shutting-down"


class NoDesk(NotNow):
    """Every desk of the log is taken by another process."""

    code = "no-desk"


class NotDecidedYet(NotNow):
    """The same was said as a message, and nobody has decided it yet."""

    code = "not-decided-yet"
