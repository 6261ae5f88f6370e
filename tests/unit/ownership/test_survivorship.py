"""Which value stands: rules as a table, and every order of arrival gives one record (R33)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.ownership.survivorship import (
    Claim,
    Criterion,
    FieldRule,
    Record,
    claimed,
    derive,
    revision_of,
)

START = datetime(2031, 3, 3, tzinfo=UTC)
DEFAULTS = {"name": "", "terms": None, "blocked": False}
COMPLETE, RANK, RECENT = Criterion.COMPLETE, Criterion.RANK, Criterion.RECENT


def claim(source: str, hours: int, revision: int = 1, said_as: str = "P1", **fields: Any) -> Claim:
    place = f"0:{hours * 100 + revision}"
    return Claim(source, said_as, revision, place, START + timedelta(hours=hours), fields)


def fold(*claims: Claim) -> Record:
    """The record that these claims make, in the order in which they come."""
    record = Record()
    for one in claims:
        known = claimed(record, one)
        if known is not None:
            golden, chosen = derive(known, DEFAULTS, RULES)
            record = Record(known, golden, chosen)
    return record


RULES = {"*": FieldRule(), "name": FieldRule((RANK, RECENT), ("crm", "erp"))}

TABLE = """
# rule                      erp says at 1    crm says at 2   -> stands
complete rank recent erp    NET30            -               -> NET30
complete rank recent erp    NET30            NET60           -> NET30
complete rank recent crm    NET30            NET60           -> NET60
complete rank recent crm    NET30            -               -> NET30
rank erp                    -                NET60           -> -
recent                      NET30            NET60           -> NET60
recent                      NET30            -               -> -
complete recent             NET30            -               -> NET30
complete                    NET30            NET60           -> NET60
"""


@pytest.mark.parametrize(
    "row", [line for line in TABLE.splitlines() if line and not line.startswith("#")]
)
def test_the_rule_decides(row: str) -> None:
    """The first criterion that tells them apart; at the very last the later one."""
    told, _, stands = row.partition("->")
    *words, erp, crm = told.split()
    by = tuple(Criterion(word) for word in words if word in set(Criterion))
    rank = tuple(word for word in words if word not in set(Criterion))
    claims = {
        one.key: one
        for one in (
            claim("erp", 1, terms=None if erp == "-" else erp),
            claim("crm", 2, terms=None if crm == "-" else crm),
        )
    }
    golden, chosen = derive(claims, DEFAULTS, {"terms": FieldRule(by, rank)})
    assert (golden.get("terms") or "-") == stands.strip()
    assert set(chosen) == set(DEFAULTS), "every field says whose it is"


def test_a_source_that_may_not_decide_a_field_is_kept_and_not_asked() -> None:
    """Its value is in its claim, for people to see, and not in the record."""
    claims = {one.key: one for one in (claim("erp", 1, name="Acme"), claim("crm", 2, name="ACME"))}
    golden, chosen = derive(claims, DEFAULTS, {}, lambda field: ["erp"])
    assert golden == {"name": "Acme"}
    assert chosen["name"] == "erp/P1"
    golden, chosen = derive(claims, DEFAULTS, {}, lambda field: [])
    assert golden == {}
    assert chosen == {}


def test_revisions_count_per_source() -> None:
    """The third of the CRM does not hide the second of the ERP; an older one hides nothing."""
    record = fold(claim("crm", 1, 3, name="c"), claim("erp", 2, 2, terms="NET30"))
    assert record.golden == {"name": "c", "terms": "NET30"}
    assert claimed(record, claim("erp", 9, 1)) is None
    assert claimed(record, claim("erp", 9, 2)) is None
    assert revision_of(record.claims) == 5


def test_two_numbers_of_one_source_are_two_claims() -> None:
    """After a merge the ERP still has two numbers for the party, each with revisions of its own."""
    record = fold(claim("erp", 1, 7, "P1", name="a"), claim("erp", 2, 1, "P2", terms="NET30"))
    assert record.golden["terms"] == "NET30"
    assert set(record.claims) == {"erp/P1", "erp/P2"}


CLAIMS = st.builds(
    lambda source, said_as, hours, revision, fields: claim(
        source, hours, revision, said_as, **fields
    ),
    st.sampled_from(["erp", "crm", "pim"]),
    st.sampled_from(["P1", "P2"]),
    st.integers(0, 3),
    st.integers(1, 4),
    st.fixed_dictionaries({}, optional={"name": st.sampled_from("abc"), "blocked": st.just(True)}),
)


@given(
    st.lists(CLAIMS, max_size=8, unique_by=lambda one: (one.key, one.revision)).flatmap(
        lambda claims: st.tuples(st.just(claims), st.permutations(claims))
    )
)
def test_every_order_of_arrival_gives_one_record(
    both: tuple[list[Claim], list[Claim]],
) -> None:
    """Golden values, whose they are and the revision: all the same, also with everything twice."""
    one, other = fold(*both[0]), fold(*both[1], *both[1])
    assert one == other
    assert revision_of(one.claims) == revision_of(other.claims)


@pytest.mark.parametrize("arrived", list(permutations(range(4))))
def test_an_accepted_proposal_holds_until_its_owner_says_the_whole_anew(
    arrived: tuple[int, ...],
) -> None:
    """It speaks of its fields alone, and by event time, so no order of arrival changes the end."""
    accepted = msgspec.structs.replace(
        claim("erp", 2, said_as="P1+P-0-3-1", name="ACME Ltd"), partial=True
    )
    said = [
        claim("erp", 1, name="ACME", terms="NET30"),
        claim("crm", 1, name="acme", terms="NET90"),
        accepted,
        claim("erp", 3, 2, name="ACME", terms="NET60"),
    ]

    def record(upto: int) -> dict[str, Any]:
        heard = [said[number] for number in arrived if number < upto]
        newest = {one.key: one for one in sorted(heard, key=lambda one: one.revision)}
        golden, _ = derive(newest, {"name": "", "terms": ""}, {}, lambda field: {"erp"})
        return golden

    assert record(2) == {"name": "ACME", "terms": "NET30"}
    assert record(3) == {"name": "ACME Ltd", "terms": "NET30"}
    assert record(4) == {"name": "ACME", "terms": "NET60"}
