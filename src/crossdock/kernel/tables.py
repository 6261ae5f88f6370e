"""Cells for tables that people open in a spreadsheet: text stays text, numbers stay numbers."""

from __future__ import annotations

import re

# What makes a spreadsheet read a cell as a formula; the last four are the wide twins that some
# spreadsheets fold to the plain ones.
_FORMULA_STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"

# A reader set to another separator, or confused by a quote, begins a new cell after these.
_CELL_STARTS = ";,\t\r\n\"'|"

_PLAIN_NUMBER = re.compile(r"\A[+-]?[0-9]{1,15}(?:[.,][0-9]{1,15})?\Z")

_GUARD = "'"


def neutral_cell(text: str) -> str:
    """Return `text` so that no spreadsheet runs it: a quote mark stands before formula starts.

    A plain number, also a negative one, is left as it is. A separator, quote or line break
    inside the text counts as the start of a cell, because a reader may be set to split there;
    blanks between the two do not help an attacker. Write the file itself with a CSV writer:
    this makes a cell harmless, it does not quote it.
    """
    if _PLAIN_NUMBER.match(text):
        return text
    safe: list[str] = []
    at_start = True
    for character in text:
        if at_start and character in _FORMULA_STARTS:
            safe.append(_GUARD)
            at_start = False
        elif character != " ":
            at_start = False
        safe.append(character)
        at_start = at_start or character in _CELL_STARTS
    return "".join(safe)
