"""Small source files for the tests of stories, written as tables."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import msgspec

from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.envelope import Envelope
from crossdock.estate.stories.story import Step
from crossdock.estate.stories.uci import COLUMNS

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "datasets"
REAL = DATA / "uci_online_retail_2010-12_2011-07.csv.gz"


def parse(table: str) -> list[list[str]]:
    """The cells of a table `a | b | c`, a line each; blank lines are left out."""
    lines = [line for line in table.splitlines() if line.strip()]
    return [[cell.strip() for cell in line.split("|")] for line in lines]


def record(cells: list[str]) -> list[str]:
    """A record of the file from `document/line | sku | qty | time | price | customer`."""
    document, _, line = cells[0].partition("/")
    _, sku, quantity, moment, price, customer = cells[:6]
    return [document, line, sku, f"THING {sku}", quantity, moment, price, customer, "Malta"]


def write(path: Path, records: list[list[str]], heading: tuple[str, ...] = COLUMNS) -> Path:
    """Write records as a file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heading)
    writer.writerows(records)
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    return path


def check(step: Step) -> Any:
    """Decode a step as the hub would: envelope and noun valid to the letter; gives the noun."""
    raw = msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": step.id,
            "source": step.source,
            "type": step.type,
            "time": step.at,
            "data": step.noun,
        }
    )
    envelope = msgspec.json.decode(raw, type=Envelope)
    noun = msgspec.json.decode(envelope.data, type=CATALOGUE[step.type].noun)
    assert noun == step.noun
    return noun
