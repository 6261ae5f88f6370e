"""`crossdock state --financial`: execution stock beside financial stock, site by site.

The two must be equal; what the ERP has not posted yet is named by how far it was told.
"""

from __future__ import annotations

from collections.abc import Sequence

from crossdock.log.ports import Reading
from crossdock.log.views import FinancialRow
from crossdock.runtime.console import say

_PAGE = 2_000
_FIGURES = ("execution", "financial", "posted", "asked", "rejected", "pending", "silent")
_DIFFERENCES_SHOWN_MAX = 20


async def rows_of(store: Reading) -> list[FinancialRow]:
    """Both ledgers, item by item and site by site."""
    found: list[FinancialRow] = []
    page = await store.financial(None, _PAGE)
    while page:
        found += page
        page = await store.financial((page[-1].item, page[-1].site), _PAGE)
    return found


def by_site(rows: Sequence[FinancialRow]) -> dict[str, dict[str, int]]:
    """The sums of each site, in base units."""
    sums: dict[str, dict[str, int]] = {}
    for row in rows:
        of = sums.setdefault(row.site, dict.fromkeys(_FIGURES, 0))
        for figure in _FIGURES:
            of[figure] += getattr(row, figure)
    return dict(sorted(sums.items()))


def as_json(rows: Sequence[FinancialRow]) -> dict[str, object]:
    """The object that scripts read."""
    return {
        "sites": by_site(rows),
        "rows": rows,
        "differences": [row for row in rows if row.execution != row.financial],
    }


def show(rows: Sequence[FinancialRow]) -> None:
    """Print both ledgers for people."""
    say(f"{'site':12}" + "".join(f"{figure:>15}" for figure in _FIGURES))
    for site, sums in by_site(rows).items():
        say(f"{site:12}" + "".join(f"{sums[figure]:>15,}" for figure in _FIGURES))
    differing = [row for row in rows if row.execution != row.financial]
    for row in differing[:_DIFFERENCES_SHOWN_MAX]:
        say(
            f"DIFFERS   {row.item} at {row.site}:"
            f" {row.execution} in the house, {row.financial} in the books"
        )
    say(f"{len(rows)} items at sites compared, {len(differing)} differ")
