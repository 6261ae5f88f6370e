"""Values are shown short, whole in meaning, and without secrets."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.kernel.limits import SHOWN_LENGTH_MAX
from crossdock.kernel.redaction import HIDDEN, is_secret, one_line, shown


class Unit(Enum):
    """A sample code."""

    EACH = "each"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (6, "6"),
        (10**2000, "a whole number of 6644 bits"),
        (1.5, "1.5"),
        (Decimal("1E+999999"), "1E+999999"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, tzinfo=UTC), "2026-01-02T03:00:00+00:00"),
        (time(3, 4), "03:04:00"),
        (Unit.EACH, "'each'"),
        ("85123A", "'85123A'"),
        ("a\nb", "'a\\nb'"),
        ("x" * 100, "'" + "x" * 80 + "'... (100 characters)"),
        (b"\x00x", "b'\\x00x'"),
        (b"x" * 100, "b'" + "x" * 80 + "'... (100 bytes)"),
        ([1, 2, 3, 4, 5, 6, 7], "[1, 2, 3, 4, 5, ... 2 more]"),
        ({"a": [1], 3: 4}, "{a: [1], int: 4}"),
        ({"b", "a"}, "['a', 'b']"),
        ([[[[1, 2]]]], "[[[a list of 2]]]"),
        ([[[{"a": 1}]]], "[[[an object of 1]]]"),
        (object(), "a object"),
        ("Bearer abc", HIDDEN),
        (" basic dXNlcg==", HIDDEN),
        ("https://user:hunter2@erp.example/x", "'https://[redacted]@erp.example/x'"),
        ("https://erp.example/a@b", "'https://erp.example/a@b'"),
        ({"order": "A", "Authorization": "x"}, "{order: 'A', Authorization: [redacted]}"),
        ([{"client_secret": {"a": 1}}], "[{client_secret: [redacted]}]"),
    ],
)
def test_a_value_is_shown_for_a_person(value: object, text: str) -> None:
    """Each kind of value has one short form; secrets inside have none."""
    assert shown(value) == text


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "API-Key",
        "x_auth_token",
        "Set-Cookie",
        "ERP_KEY_SECRET",
        "pin",
        "apiKey",
        "IBAN",
    ],
)
def test_a_value_under_a_secret_name_is_hidden(key: str) -> None:
    """However it is written, a key that names a secret hides its value."""
    assert is_secret(key)
    assert shown("hunter2", key) == HIDDEN


@pytest.mark.parametrize("key", ["key", "auth"])
def test_short_secret_names_count_only_alone(key: str) -> None:
    """Short words hide a value only as the whole name, not inside another."""
    assert is_secret(key)
    assert not is_secret(f"{key}board")


@pytest.mark.parametrize("key", ["order", "spinning", "tracking", "item", "author", ""])
def test_honest_names_hide_nothing(key: str) -> None:
    """Names of our trade are not mistaken for secrets."""
    assert not is_secret(key)


_SCALARS = st.one_of(
    st.text(alphabet=st.characters()), st.binary(), st.integers(), st.floats(), st.none()
)
_NESTED = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet=st.characters()), inner),
)


@given(_NESTED)
def test_whatever_is_shown_is_one_short_printable_line(value: object) -> None:
    """No value makes the shown form long, broken over lines or unprintable."""
    text = shown(value)
    assert text.isprintable()
    assert len(text) <= 2 * SHOWN_LENGTH_MAX + 3


@given(st.text(alphabet=st.characters()))
def test_one_line_is_one_line(text: str) -> None:
    """A message of others fits on one line and is cut."""
    line = one_line(text, length_max=20)
    assert line.isprintable()
    assert len(line) <= 23
