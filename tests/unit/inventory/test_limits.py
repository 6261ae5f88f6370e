"""How much a correction may change, and which of several limits holds."""

from __future__ import annotations

import pytest

from crossdock.inventory.limits import CorrectionLimit, narrowest, variance

ANY = CorrectionLimit(units=50)
CLASS = CorrectionLimit(item_class="A", units=20)
SITE = CorrectionLimit(site="EAST", units=10)
BOTH = CorrectionLimit(site="EAST", item_class="A", units=5)


@pytest.mark.parametrize(
    ("site", "item_class", "expected"),
    [("EAST", "A", BOTH), ("EAST", "B", SITE), ("WEST", "A", CLASS), ("WEST", "", ANY)],
)
def test_the_narrowest_limit_holds(site: str, item_class: str, expected: CorrectionLimit) -> None:
    """In whatever order they are written."""
    assert narrowest((ANY, CLASS, SITE, BOTH), site, item_class) == expected
    assert narrowest((BOTH, SITE, CLASS, ANY), site, item_class) == expected


def test_no_limit_that_fits_is_no_limit() -> None:
    """Neither of another site nor of another class."""
    assert narrowest((), "EAST", "A") is None
    assert narrowest((SITE, BOTH), "WEST", "A") is None


@pytest.mark.parametrize(
    ("units", "percent", "counted", "change", "expected"),
    [
        (5, None, 95, -5, ""),
        (5, None, 94, -6, "counted 94, believed 100, -6: more than 5 units"),
        (5, None, 106, 6, "counted 106, believed 100, +6: more than 5 units"),
        (None, 10, 90, -10, ""),
        (None, 10, 89, -11, "counted 89, believed 100, -11: more than 10 percent of 100"),
        (5, 10, 30, -4, "counted 30, believed 34, -4: more than 10 percent of 34"),
        (None, 10, 1, 1, "counted 1, believed 0, +1: more than 10 percent of 0"),
        (None, 10, 0, 3, "counted 0, believed -3, +3: more than 10 percent of -3"),
        (0, 0, 7, 0, ""),
        (None, None, 7, 7, ""),
    ],
)
def test_a_count_beyond_its_tolerance_is_shown_with_its_figures(
    units: int | None, percent: int | None, counted: int, change: int, expected: str
) -> None:
    """Exactly the tolerance is tolerated, more or fewer alike."""
    tolerance = CorrectionLimit(units=units, percent=percent)
    assert variance(tolerance, counted, change) == expected
