"""What a person has a running instance of a recipe do; a message of the hub to itself."""

from __future__ import annotations

from crossdock.contracts.vocabulary import SagaAction
from crossdock.contracts.words import Identifier, Noun, Quantity, Text


class SagaInstruction(Noun, frozen=True, kw_only=True):
    """Move an instance on: who says so, and why, stay with it.

    `step` is named to skip and to retry, `version` to migrate.
    """

    saga: Identifier
    key: Identifier  # what the instance shares with others of its order
    action: SagaAction
    by: Identifier
    reason: Text
    step: Identifier | None = None
    version: Quantity | None = None
