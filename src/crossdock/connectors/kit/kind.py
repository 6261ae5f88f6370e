"""What a connector's folder exports: who it is, what an operator fills in, and how it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crossdock.connectors.kit.card import Card, Settings
from crossdock.contracts.connector import Connector
from crossdock.contracts.feeds import Webhook


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of far system; `connect` and `webhook` are given an object of `settings`.

    A connector that is a `contracts.feeds.Source` is asked what its system has to say as well.
    `webhook` is how its system tells of itself; None: it does not.
    """

    card: Card
    settings: type[Settings]
    connect: Callable[[Any], Connector]
    webhook: Callable[[Any], Webhook] | None = None
