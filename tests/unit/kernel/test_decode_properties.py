"""What holds for the decoder whatever bytes it meets, found by Hypothesis."""

from __future__ import annotations

import contextlib
import json
from random import Random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.kernel import limits
from crossdock.kernel.decode import (
    decode,
    inflate,
    iter_lines,
    split_array,
    split_lines,
    strict,
)
from crossdock.kernel.errors import BadInput

# --- JSON text with every freedom a writer has, duplicates and bad values among them ------------

_TEXTS = st.text(alphabet='ab"\\u02d8/\x00\n\x7fé😀[]{}:,\ufeff', max_size=8)
_KEYS = st.text(alphabet='ab"\\', max_size=2)
_NUMBERS = st.one_of(
    st.integers(-(2**65), 2**65).map(str),
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["-0", "-0.0", "1e30", "1E31", "0e0", "1e400", "NaN", "1." + "3" * 40]),
)
_VALUES = st.recursive(
    st.one_of(
        st.sampled_from(["null", "true", "false"]).map(lambda word: ("word", word)),
        _NUMBERS.map(lambda number: ("word", number)),
        _TEXTS.map(lambda text: ("text", text)),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5).map(lambda items: ("list", items)),
        st.lists(st.tuples(_KEYS, inner), max_size=5).map(lambda pairs: ("object", pairs)),
    ),
    max_leaves=20,
)


def _written(value: Any, random: Random) -> str:
    kind, held = value
    blank = random.choice(["", "", " ", "\n", "\t "])
    if kind == "word":
        return blank + str(held)
    if kind == "text":
        return blank + _quoted(held, random)
    if kind == "list":
        return blank + "[" + ",".join(_written(item, random) for item in held) + blank + "]"
    pairs = (f"{_quoted(key, random)}{blank}:{_written(item, random)}" for key, item in held)
    return "{" + ",".join(pairs) + "}" + blank


def _quoted(text: str, random: Random) -> str:
    return '"' + "".join(_spelt(character, random) for character in text) + '"'


def _spelt(character: str, random: Random) -> str:
    if random.random() < 0.3 and ord(character) < 0x10000:
        spelling = f"\\u{ord(character):04x}"
        return spelling if random.random() < 0.5 else f"\\u{ord(character):04X}"
    if character < " " or character in '"\\':
        return json.dumps(character)[1:-1]
    return "\\/" if character == "/" and random.random() < 0.5 else character


# --- a second opinion: slow, plain, by another parser -------------------------------------------


class Doubtful(Exception):
    """The second opinion refuses the message."""


def _second_opinion(raw: bytes) -> Any:
    """Return what `raw` says, or raise; nothing here is shared with the code under test."""
    return json.loads(
        raw.decode(),
        object_pairs_hook=_object,
        parse_int=_integer,
        parse_float=_float,
        parse_constant=_constant,
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Doubtful
    return found


def _integer(text: str) -> int:
    if not -(2**63) <= int(text) < 2**63:
        raise Doubtful
    return int(text)


def _float(text: str) -> float:
    exponent = text.lower().partition("e")[2] or "0"
    if abs(int(exponent)) > limits.NUMBER_EXPONENT_MAX or len(text) > limits.NUMBER_LENGTH_MAX:
        raise Doubtful
    return float(text)


def _constant(text: str) -> None:
    raise Doubtful


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(map(_holds_nul, [*value, *value.values()]))
    return isinstance(value, list) and any(map(_holds_nul, value))


@settings(max_examples=400, deadline=None)
@given(_VALUES, st.randoms(use_true_random=False))
def test_strict_agrees_with_a_second_opinion(value: Any, random: Random) -> None:
    """Strict takes a message exactly when a plain slow check by another parser takes it."""
    raw = _written(value, random).encode()
    try:
        said = _second_opinion(raw)
        fine = not _holds_nul(said)
    except Doubtful:
        fine = False
    try:
        strict(raw)
    except BadInput:
        assert not fine
    else:
        assert fine
        assert msgspec.json.decode(raw) == said


# --- no bytes get out another way than through our errors ---------------------------------------


class Sample(msgspec.Struct, forbid_unknown_fields=True):
    """A message with a bit of everything."""

    a: dict[str, int] | None = None
    b: list[str] | None = None
    u0: float | None = None


_JSON_LIKE = st.text(alphabet='{}[]",:\\u0d8e1-+. \n<ab\x00é').map(str.encode)
_BROKEN = st.builds(
    lambda value, random, at, other: (
        (text := _written(value, random).encode())[: at % (len(text) + 1)]
        + other
        + text[at % (len(text) + 1) :]
    ),
    _VALUES,
    st.randoms(use_true_random=False),
    st.integers(0, 500),
    st.binary(max_size=3),
)
_ANY_BYTES = st.one_of(st.binary(max_size=200), _JSON_LIKE, _BROKEN)


@settings(max_examples=400, deadline=None)
@given(_ANY_BYTES)
def test_no_bytes_raise_an_error_outside_our_tree(body: bytes) -> None:
    """Every function that takes bytes from outside returns or raises a refusal that is ours."""
    for door in (strict, split_array, split_lines, lambda raw: list(iter_lines([raw, raw]))):
        with contextlib.suppress(BadInput):
            door(body)
    for kind in (Sample, dict[str, Sample], list[int], object):
        with contextlib.suppress(BadInput):
            decode(body, kind)
    for encoding in ("gzip", "deflate", "identity", body.decode("latin-1")):
        with contextlib.suppress(BadInput):
            inflate(body, encoding, max_bytes=1_000)


@settings(max_examples=100, deadline=None)
@given(st.lists(_VALUES, max_size=6), st.randoms(use_true_random=False))
def test_cutting_a_batch_loses_and_changes_nothing(values: list[Any], random: Random) -> None:
    """The elements of an array, put together again, are the array."""
    written = [_written(value, random).strip().encode() for value in values]
    body = b"[" + b" , ".join(written) + b"]"
    with contextlib.suppress(BadInput):  # NaN among the values
        assert split_array(body) == written
