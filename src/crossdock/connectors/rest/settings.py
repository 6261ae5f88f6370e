"""What an operator fills in for a REST system."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from crossdock.connectors.kit import signatures
from crossdock.connectors.kit.auth import AuthSettings
from crossdock.connectors.kit.card import LookUpAfterSeconds, Settings
from crossdock.contracts.connector import Ability

DEFAULT = "default"
"""The name under `operations` that stands for every type not named there."""

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


class Operation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one message type is told to the far system."""

    path: Annotated[Path, Meta(description="Where documents of this type are posted")] = "/messages"
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

    def is_void(self, state: str | None) -> bool:
        """Whether a record in this state is no success; a state that nobody explained is none."""
        if state is None or self.on_void is OnVoid.ACCEPT:
            return False
        return (self.states.get(state) or STATES.get(state.lower())) is not Standing.STANDS


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
    auth: Annotated[
        AuthSettings,
        Meta(description="How the secret is shown: bearer, header, basic or oauth2"),
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

    def __post_init__(self) -> None:
        """Refuse a webhook secret that is none; raises ValueError, which does not show it."""
        if self.webhook_secret and not self.webhook_header:
            signatures.secret_bytes(self.webhook_secret)

    def operation(self, message_type: str) -> Operation:
        """The operation of a type: its own, else the configured default, else the built-in one.

        The built-in one posts to /messages and trusts in nothing.
        """
        found = self.operations.get(message_type) or self.operations.get(DEFAULT)
        return found or _BUILT_IN


_BUILT_IN = Operation()
