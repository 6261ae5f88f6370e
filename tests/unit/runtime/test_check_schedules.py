"""`crossdock check` of schedules: a feed that nobody reads is named."""

from __future__ import annotations

from pathlib import Path

from crossdock.runtime.commands.check import Result, check_connectors
from crossdock.runtime.config import read_settings

HOUSE = """
systems:
  edi:
    connector: files
    folder: /srv/edi
    schedules: {%s: {cron: "30 2 * * *"}}
    feeds:
      items:
        match: "items-*.csv"
        format: csv
        type: crossdock.item.changed.v1
        key: [sku]
        fields: {item: {from: sku}}
"""


def wrong(folder: Path, feed: str) -> list[tuple[str, str, str]]:
    """What is wrong with a schedule of this feed."""
    file = folder / "crossdock.yaml"
    file.write_text(HOUSE % feed)
    result = Result()
    check_connectors(read_settings(file), result)
    return [(one.where, one.found, one.expected) for one in result.problems]


def test_a_schedule_of_a_feed_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A typing error must not let a nightly load be read all day."""
    assert wrong(tmp_path, "items") == []
    assert wrong(tmp_path, "itmes") == [("systems.edi.schedules", "itmes", "items")]
