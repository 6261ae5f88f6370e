"""How a business key is made, in words: `order/{order_id}`, read off the rule itself.

Documents show it and the check of compatibility compares it, so that the rule stands once, in the
catalogue.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import fields

from crossdock.contracts.catalogue import MessageType


class _Said:
    """Stands for a noun whose fields hold their own names in braces; the absent ones hold None."""

    def __init__(self, absent: frozenset[str]) -> None:
        self._absent = absent

    def __getattr__(self, name: str) -> Any:
        return None if name in self._absent else f"{{{name}}}"


def business_key_in_words(row: MessageType) -> str:
    """The pattern of the key; where it depends on what a message leaves out, each, by " or "."""
    optional = [f.name for f in fields(row.noun) if f.default is None]
    forms = [row.business_key(_Said(frozenset()))]
    forms += [row.business_key(_Said(frozenset({name}))) for name in optional]
    return " or ".join(dict.fromkeys(form for form in forms if form))
