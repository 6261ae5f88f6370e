"""The storage contract, side by side with the port: what every engine must do, as tests.

Takes an engine's way to open; gives test classes. May import: every floor; imported by none.
"""

import pytest

PARTS = (
    "as_of",
    "availability",
    "batches",
    "calls",
    "effects",
    "faults",
    "finance",
    "intake",
    "leases",
    "looking",
    "money",
    "policies",
    "reading",
)
pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in PARTS))  # failures show values
