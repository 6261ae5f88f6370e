"""What an operator fills in for a Tryton."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from crossdock.connectors.kit.card import LookUpAfterSeconds, OverlapSeconds, Settings
from crossdock.contracts.words import Identifier

_Name = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_]{1,63}\Z")]


class Interface(StrEnum):
    """By which of its interfaces it is spoken to."""

    REST = "rest"
    JSON_RPC = "json_rpc"


class TrytonSettings(Settings, frozen=True, kw_only=True):
    """The whole of it; `msgspec.convert` builds it from a mapping and says what is wrong."""

    url: Annotated[str, Meta(description="Its address, without the database")]
    database: Annotated[_Name, Meta(description="The database, as it stands in Tryton's paths")]
    interface: Annotated[
        Interface,
        Meta(description="How it is spoken to: rest, since Tryton 8.0; json_rpc, also before"),
    ] = Interface.REST
    user: Annotated[
        str,
        Meta(
            pattern=r"\A[^:\x00-\x1f\x7f]*\Z",
            description="Of interface json_rpc, the login of a user of its own, no person's",
        ),
    ] = ""
    credential: Annotated[
        str,
        Meta(
            description="Of interface rest, the key of a user application named rest, validated by"
            " an administrator; of json_rpc, the user's password",
            extra={"secret": True},
        ),
    ] = ""
    company: Annotated[int, Meta(ge=1, description="The number of the company that is spoken of")]
    payment_term: Annotated[
        int, Meta(ge=1, description="The number of the payment term of sales that name none")
    ]
    price_list: Annotated[
        Identifier | None,
        Meta(description="The price list as which its list prices are told; none: they are not"),
    ] = None
    sites: Annotated[
        tuple[Identifier, ...],
        Meta(description="The sites whose warehouse is run in it: what is received there is heard"),
    ] = ()
    channel: Annotated[
        Identifier | None,
        Meta(description="The channel of sales that its own people enter; none: they are not told"),
    ] = None
    heard_from: Annotated[
        date | None,
        Meta(description="What its own people do is heard from this day on; before, it is history"),
    ] = None
    timeout_seconds: Annotated[
        float,
        Meta(gt=0, le=50, description="How long one request may take", extra={"unit": "seconds"}),
    ] = 30.0
    look_up_after_seconds: LookUpAfterSeconds = 60.0
    overlap_seconds: OverlapSeconds = 300
    page_size: Annotated[int, Meta(ge=1, le=1_000, description="Records asked for at a time")] = 200

    def __post_init__(self) -> None:
        """Refuse to take the whole past for news, and a session without a user.

        Raises:
            ValueError: its own people's documents shall be heard, and no day says from when on; or
                interface json_rpc has no user.
        """
        if (self.sites or self.channel) and self.heard_from is None:
            raise ValueError("Expected `heard_from`: earlier documents are history")
        if self.interface is Interface.JSON_RPC and not self.user:
            raise ValueError("interface json_rpc needs a user")
