"""What an operator fills in for a Vendure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from crossdock.connectors.kit.card import LookUpAfterSeconds, OverlapSeconds, Settings
from crossdock.contracts.words import Identifier


class VendureSettings(Settings, frozen=True, kw_only=True):
    """The whole of it; `msgspec.convert` builds it from a mapping and says what is wrong."""

    url: Annotated[str, Meta(description="Its address, without /admin-api")]
    user: Annotated[str, Meta(min_length=1, description="An administrator of its own, no person's")]
    credential: Annotated[
        str, Meta(description="That administrator's password", extra={"secret": True})
    ] = ""
    webhook_secret: Annotated[
        str,
        Meta(description="What its webhooks are signed with, whsec_...", extra={"secret": True}),
    ] = ""
    channel: Annotated[Identifier, Meta(description="The channel that its orders come through")]
    customer: Annotated[
        Identifier, Meta(description="The account that its customers' orders are invoiced to")
    ]
    shipping_item: Annotated[
        Identifier | None,
        Meta(description="The service under which its shipping charge is ordered; none: left out"),
    ] = None
    price_list: Annotated[
        Identifier | None,
        Meta(description="The price list that it sells by; none: its prices are its own"),
    ] = None
    places: Annotated[
        Mapping[str, str],
        Meta(description="By site, the name of its stock location; a site not named has its own"),
    ] = {}
    timeout_seconds: Annotated[
        float,
        Meta(gt=0, le=50, description="How long one request may take", extra={"unit": "seconds"}),
    ] = 20.0
    look_up_after_seconds: LookUpAfterSeconds = 30.0
    overlap_seconds: OverlapSeconds = 60
    page_size: Annotated[int, Meta(ge=1, le=100, description="Orders asked for at a time")] = 50
