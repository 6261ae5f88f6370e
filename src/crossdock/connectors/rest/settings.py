"""What an operator fills in for a REST system."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from crossdock.connectors.kit import signatures
from crossdock.connectors.kit.auth import AuthSettings
from crossdock.connectors.kit.card import LookUpAfterSeconds, OverlapSeconds, Settings
from crossdock.connectors.kit.mapping import Mapped
from crossdock.connectors.kit.telling import Target, TargetLines
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.connector import Ability

DEFAULT = "default"
"""The name under `operations` that stands for every type not named there."""

Name = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9_-]{0,63}\Z")]
Path = Annotated[str, Meta(min_length=1, max_length=512, pattern=r"\A/[\x21-\x7e]*\Z")]


class Standing(StrEnum):
    """What a far system's word for the state of a record means for our effect."""

    STANDS = "stands"
    VOID = "void"  # it is there, and it is no success


class OnVoid(StrEnum):
    """What becomes of an effect whose record is void at the far side."""

    HOLD = "hold"
    ACCEPT = "accept"  # for what does not matter once it is cancelled there


STATES: Final[Mapping[str, Standing]] = {
    **dict.fromkeys(
        ("accepted", "active", "closed", "completed", "confirmed", "created", "delivered", "done",
         "new", "open", "paid", "posted", "purchased", "queued", "shipped", "valid"),
        Standing.STANDS,
    ),
    **dict.fromkeys(
        ("cancelled", "canceled", "deleted", "expired", "failed", "refunded", "rejected",
         "reversed", "void", "voided"),
        Standing.VOID,
    ),
}  # fmt: skip
"""Words that mean the same everywhere; what stands in neither an operator's table nor this one is
not guessed: it counts as void, so that a person looks."""


class Method(StrEnum):
    """How a document is brought there."""

    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"


class Operation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one message type is told to the far system."""

    path: Annotated[
        Path,
        Meta(description="Where documents of this type go; {subject} stands for what they are of"),
    ] = "/messages"
    method: Annotated[Method, Meta(description="POST, PUT or PATCH")] = Method.POST
    body: Annotated[
        Mapping[str, Target] | None,
        Meta(description="Their fields and where they come from; none: a CloudEvent"),
    ] = None
    lines: Annotated[TargetLines | None, Meta(description="Of such a body: its lines")] = None
    over_seen: Annotated[
        bool,
        Meta(description="Look first, and write over the version that was seen only (If-Match)"),
    ] = False
    reference: Annotated[
        str, Meta(description="Of such a body: the path of their number in the reply")
    ] = "id"
    state: Annotated[
        str, Meta(description="Of such a body: the path of the record's state in the reply; none")
    ] = ""
    ability: Annotated[
        Ability,
        Meta(description="What they offer against doing a thing twice: keys, look_up or neither"),
    ] = Ability.NEITHER
    look_up: Annotated[
        Path | None,
        Meta(description="Where to ask whether it happened; {key} stands for our business key"),
    ] = None

    look_up_after_seconds: LookUpAfterSeconds = 5.0
    states: Annotated[
        Mapping[str, Standing],
        Meta(description="What their words for a record's state mean: stands or void"),
    ] = {}
    on_void: Annotated[
        OnVoid, Meta(description="A record that is void there: hold the effect, or accept it")
    ] = OnVoid.HOLD

    def __post_init__(self) -> None:
        """Refuse an ability that the paths do not bear out; raises ValueError."""
        if self.ability is Ability.LOOK_UP and self.look_up is None:
            raise ValueError("ability look_up needs a look_up path")
        if self.look_up is not None and self.look_up.count("{key}") != 1:
            raise ValueError("the look_up path must hold {key} once")
        if self.body is None and (self.lines is not None or self.method is not Method.POST):
            raise ValueError("CloudEvents are posted: another method, or lines, need a body")
        if self.over_seen and (self.body is None or self.method is Method.POST):
            raise ValueError("over_seen needs a body and the method PUT or PATCH")

    def is_void(self, state: str | None) -> bool:
        """Whether a record in this state is no success; a state that nobody explained is none."""
        if state is None or self.on_void is OnVoid.ACCEPT:
            return False
        return (self.states.get(state) or STATES.get(state.lower())) is not Standing.STANDS


class Paging(StrEnum):
    """How the pages of a list follow each other."""

    NONE = "none"  # the list is one page
    PAGE = "page"  # pages are numbered
    OFFSET = "offset"  # so many records are left out
    AFTER = "after"  # it goes on behind a record
    NEXT = "next"  # each page names the next one: by a token, or by its address


_PARAMETERS: Final = {Paging.PAGE: "page", Paging.OFFSET: "offset", Paging.AFTER: "after"}


class Pages(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a list is asked for page by page."""

    by: Paging = Paging.NONE
    parameter: str = ""  # that says which page; by default as `by` is called, of `next` none
    size_parameter: str = "limit"  # that says how many; "": they decide
    first: Annotated[int, Meta(ge=0, le=1)] = 1  # the number of the first page
    next: str = ""  # the path in a reply at which the next page is named; "": its Link header

    @property
    def named(self) -> str:
        """The parameter that says which page; "" where pages have addresses."""
        return self.parameter or _PARAMETERS.get(self.by, "")


class Changed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a list is asked for what changed: without it, all of it is read each time."""

    stamp: str  # the path in a record at which stands when it changed
    parameter: str  # that says since when


class RestFeed(Mapped, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A list of theirs that is read, and what a record of it means.

    Without `time` a record happened when it changed, or else when it was read.
    """

    path: Path
    query: Mapping[str, str] = {}
    records: str = ""  # the path of the list in a reply; "": the reply is the list
    version: str | None = None  # the path in a record of its version; none: what it says
    pages: Pages = Pages()
    changed: Changed | None = None
    one: Path | None = None  # where one record is asked for; {record} stands for its number
    one_at: str = ""  # the path of that record in the reply

    def __post_init__(self) -> None:
        """Refuse what cannot be asked for; raises ValueError."""
        super().__post_init__()
        if not CATALOGUE[self.type].inbound:
            raise ValueError(f"{self.type} is no message that a far system may say")
        if self.one is not None and self.one.count("{record}") != 1:
            raise ValueError("the path of one record must hold {record} once")


class Hook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a kind of webhook means: a record of a feed, or where one changed."""

    when: Annotated[Mapping[str, str], Meta(min_length=1)]  # paths of the body -> their values
    feed: str = ""  # "": it is of no interest
    record: str | None = None  # the path of the record in the body; "": the body is the record
    number: str | None = None  # the path of the number of a record that is asked for

    def __post_init__(self) -> None:
        """Refuse a hook that says nothing, or two things; raises ValueError."""
        if bool(self.feed) != ((self.record is None) != (self.number is None)):
            raise ValueError("a hook has a feed with either `record` or `number`, or no feed")


class RestSettings(Settings, frozen=True, kw_only=True):
    """The whole of it; `msgspec.convert` builds it from a mapping and says what is wrong."""

    url: Annotated[str, Meta(description="Their address; nothing is ever sent to another host")]
    credential: Annotated[
        str, Meta(description="The secret that proves us", extra={"secret": True})
    ] = ""
    webhook_secret: Annotated[
        str,
        Meta(description="What its webhooks are signed with", extra={"secret": True}),
    ] = ""
    webhook_header: Annotated[
        str,
        Meta(
            pattern=r"\A(?:[A-Za-z][A-Za-z0-9-]{0,63})?\Z",
            description="The header of an HMAC-SHA256 of the body; none: Standard Webhooks",
        ),
    ] = ""
    webhook_secret_before: Annotated[
        str,
        Meta(description="The one before it, while they change over", extra={"secret": True}),
    ] = ""
    webhook_time_header: Annotated[
        str,
        Meta(
            pattern=r"\A(?:[A-Za-z][A-Za-z0-9-]{0,63})?\Z",
            description="The header of its time in seconds, signed as TIME.BODY; none: without",
        ),
    ] = ""
    signing_secret: Annotated[
        str,
        Meta(description="What we sign our requests with, whsec_...", extra={"secret": True}),
    ] = ""
    signing_secret_before: Annotated[
        str,
        Meta(description="The one before it, while they change over", extra={"secret": True}),
    ] = ""
    auth: Annotated[
        AuthSettings,
        Meta(description="How the secret is shown: bearer, header, basic, oauth2 or jwt"),
    ] = AuthSettings()
    timeout_seconds: Annotated[
        float,
        Meta(gt=0, le=600, description="How long one request may take", extra={"unit": "seconds"}),
    ] = 30.0
    batch_max: Annotated[
        int,
        Meta(ge=1, le=5_000, description="Most documents in one request; 1 sends each by itself"),
    ] = 100
    connections_max: Annotated[int, Meta(ge=1, le=256, description="Most connections at once")] = 8
    operations: Annotated[
        Mapping[str, Operation],
        Meta(description="How each message type is told; `default` stands for the others"),
    ] = {}
    feeds: Annotated[
        Mapping[Name, RestFeed], Meta(description="By name, the lists of theirs that are read")
    ] = {}
    hooks: Annotated[
        Mapping[Name, Hook],
        Meta(description="By name, what their webhooks mean; none: they are canonical messages"),
    ] = {}
    overlap_seconds: OverlapSeconds = 300
    page_size: Annotated[
        int, Meta(ge=1, le=5_000, description="Records of a list asked for at a time")
    ] = 200

    def __post_init__(self) -> None:
        """Refuse what contradicts itself; raises ValueError, which shows no secret."""
        theirs = () if self.webhook_header else (self.webhook_secret, self.webhook_secret_before)
        for secret in (*theirs, self.signing_secret, self.signing_secret_before):
            if secret:
                signatures.secret_bytes(secret)
        for kind, operation in self.operations.items():
            if operation.body is not None and kind not in CATALOGUE:
                raise ValueError(f"operation {kind} has a body, and is of no single message")
        if self.webhook_time_header and not self.webhook_header:
            raise ValueError("webhook_time_header needs webhook_header")
        for name, hook in self.hooks.items():
            if hook.feed and hook.feed not in self.feeds:
                raise ValueError(f"hook {name} is of no feed: {hook.feed}")
            if hook.number is not None and self.feeds[hook.feed].one is None:
                raise ValueError(f"hook {name} needs `one` of feed {hook.feed}")

    def operation(self, message_type: str) -> Operation:
        """The operation of a type: its own, else the configured default, else the built-in one.

        The built-in one posts to /messages and trusts in nothing.
        """
        found = self.operations.get(message_type) or self.operations.get(DEFAULT)
        return found or _BUILT_IN


_BUILT_IN = Operation()
