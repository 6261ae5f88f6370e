"""What breaks those who use a contract: the table of rules, and one finding of them (R20).

The rules are read by `compatibility`, which finds the breaks, and by the page of them in
docs/reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Breaks(StrEnum):
    """Who is broken."""

    SENDERS = "old senders"
    READERS = "old readers"
    BOTH = "old senders and old readers"


class Rule(StrEnum):
    """One kind of change that needs a new major version."""

    TYPE_GONE = "type-gone"
    SCHEMA_GONE = "schema-gone"
    WAY_GONE = "way-gone"
    ENTITY_CHANGED = "entity-changed"
    KEY_CHANGED = "key-changed"
    BUSINESS_KEY_CHANGED = "business-key-changed"
    FIELD_GONE = "field-gone"
    FIELD_REQUIRED = "field-required"
    FIELD_OPTIONAL = "field-optional"
    TYPE_CHANGED = "type-changed"
    NULL_REFUSED = "null-refused"
    NULL_SENT = "null-sent"
    CODE_GONE = "code-gone"
    CODE_NEW = "code-new"
    CODES_ADDED = "codes-added"
    CODES_LIFTED = "codes-lifted"
    LIMIT_TIGHTER = "limit-tighter"
    LIMIT_WIDER = "limit-wider"
    PATTERN_CHANGED = "pattern-changed"
    DEFAULT_CHANGED = "default-changed"


SAYS: dict[Rule, tuple[Breaks, str]] = {
    Rule.TYPE_GONE: (Breaks.BOTH, "A message type is not in the catalogue any more."),
    Rule.SCHEMA_GONE: (Breaks.BOTH, "The schema of a published type is missing, to compare with."),
    Rule.WAY_GONE: (Breaks.BOTH, "The hub takes, or tells, a type no more."),
    Rule.ENTITY_CHANGED: (Breaks.BOTH, "Another row of the ownership matrix rules the type."),
    Rule.KEY_CHANGED: (Breaks.BOTH, "Messages are put in order by another field."),
    Rule.BUSINESS_KEY_CHANGED: (Breaks.BOTH, "Other messages count as the same fact."),
    Rule.FIELD_GONE: (Breaks.SENDERS, "A field that senders may write is unknown."),
    Rule.FIELD_REQUIRED: (Breaks.SENDERS, "A field must be there that could be left out."),
    Rule.FIELD_OPTIONAL: (Breaks.READERS, "A field that readers count on may be missing."),
    Rule.TYPE_CHANGED: (Breaks.BOTH, "A field is of another type or format."),
    Rule.NULL_REFUSED: (Breaks.SENDERS, "A field may not be null any more."),
    Rule.NULL_SENT: (Breaks.READERS, "A field may be null that could not."),
    Rule.CODE_GONE: (Breaks.SENDERS, "A code that senders may write is unknown."),
    Rule.CODE_NEW: (Breaks.READERS, "A code is sent that readers do not know."),
    Rule.CODES_ADDED: (Breaks.SENDERS, "Free text has become a list of codes."),
    Rule.CODES_LIFTED: (Breaks.READERS, "A list of codes has become free text."),
    Rule.LIMIT_TIGHTER: (Breaks.SENDERS, "A limit lets less through."),
    Rule.LIMIT_WIDER: (Breaks.READERS, "A limit lets more through."),
    Rule.PATTERN_CHANGED: (Breaks.BOTH, "Text must look otherwise."),
    Rule.DEFAULT_CHANGED: (Breaks.BOTH, "What is left out means something else."),
}
"""Of each rule: who it breaks, and what happened, as readers of the page see it."""


@dataclass(frozen=True, slots=True)
class Break:
    """A rule that a change breaks, and where; `str` of it is the sentence for people."""

    rule: Rule
    where: str  # message type, then the path of the field
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


def rules_page() -> str:
    """The table of rules in Markdown."""
    lines = [_INTRODUCTION]
    lines += [f"| `{rule}` | {who} | {says} |" for rule, (who, says) in SAYS.items()]
    return "\n".join(lines) + "\n"


_INTRODUCTION = """<!-- Made by `crossdock contracts --write`; do not edit. -->

# What breaks a contract

`crossdock contracts --check` compares the contracts of the code with the published
[schemas](schemas), and refuses these changes under the same name: they need a new major version
beside the old one. Old senders write what the old schema allowed, and the hub must take all of it.
Old readers know the old schema and ignore fields that they do not know; the hub must send nothing
else. So one and the same change may be safe for what is only taken and break what is told.

The same command refuses names beside the standard `crossdock.<noun>.<past participle>.v<n>`, a type
that nobody answers for, and an older version that does not lead to the next one or is about another
key. It says which documents are not those of the code.

| rule | breaks | when |
|---|---|---|"""
