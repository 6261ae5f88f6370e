"""The section `sequences`, read from the file; every problem by its path."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.contracts import catalogue
from crossdock.sagas.policy import AfterLimit, SequenceRule
from tests.unit.runtime.test_config import SOUND, problems, read

TYPES = "types: [crossdock.pick.confirmed.v1]"


def test_a_system_may_number_its_messages(tmp_path: Path) -> None:
    """What the file leaves out is five minutes, going on, and asking nobody."""
    kinds = frozenset({catalogue.PICK_CONFIRMED})
    found = read(f"{SOUND}sequences: {{erp: {{{TYPES}}}}}", tmp_path).policy().sequences
    assert found == {"erp": SequenceRule(kinds, 300, AfterLimit.GO_ON, refetch=False)}
    said = f"{TYPES}, wait: 2h, after_limit: wait, refetch: true"
    found = read(f"{SOUND}sequences: {{erp: {{{said}}}}}", tmp_path).policy().sequences
    assert found == {"erp": SequenceRule(kinds, 7_200, AfterLimit.WAIT, refetch=True)}


@pytest.mark.parametrize(
    ("said", "where"),
    [
        (f"{{nobody: {{{TYPES}}}}}", "sequences.nobody"),
        ("{erp: {}}", "sequences.erp.types"),
        ("{erp: {types: [crossdock.order.released.v1]}}", "sequences.erp.types"),
        (f"{{erp: {{{TYPES}, wait: soon}}}}", "sequences.erp.wait"),
        (f"{{erp: {{{TYPES}, after_limit: skip}}}}", "sequences.erp.after_limit"),
        (f"{{erp: {{{TYPES}, first: 0}}}}", "sequences.erp.first"),
    ],
)
def test_what_is_no_sequence_is_a_problem(said: str, where: str, tmp_path: Path) -> None:
    """Told by its path."""
    assert set(problems(f"{SOUND}sequences: {said}", tmp_path)) == {where}
