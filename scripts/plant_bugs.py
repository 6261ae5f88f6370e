"""Plant each known bug in a copy of the source, and count the seeds until the simulator finds it.

    .venv/bin/python scripts/plant_bugs.py --seeds 500 --jobs 2
    .venv/bin/python scripts/plant_bugs.py --only fence

Ends with a table: bug, seed, what found it. The exit code is 1 where a bug was missed that is not
explained beside it (`tests/simulation/planted.py`), or where an explanation is wrong.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.simulation.planting import main

if __name__ == "__main__":
    sys.exit(main())
