"""The V-cases of the fault catalogue that the kernel answers for: each is refused by its name."""

from __future__ import annotations

import ast
import gzip
import importlib
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

import crossdock
from crossdock.kernel import limits
from crossdock.kernel.decode import (
    decode,
    inflate,
    iter_lines,
    problem_of,
    split_array,
    split_lines,
    strict,
    typed,
)
from crossdock.kernel.errors import (
    BadInput,
    DuplicateKey,
    ForbiddenCharacter,
    InflatesTooFar,
    MissingField,
    NotJson,
    NumberOutOfRange,
    TooDeep,
    TooLarge,
    TooManyMessages,
    UnknownCode,
    UnknownField,
    UnknownType,
    UnsupportedEncoding,
    UnsupportedFormat,
    WrongShape,
)
from crossdock.kernel.redaction import shown
from crossdock.kernel.tables import neutral_cell
from crossdock.kernel.text import (
    IDENTIFIER_PATTERN,
    LINE_PATTERN,
    TEXT_PATTERN,
    Fault,
    check_header,
    check_identifier,
    check_line,
    check_text,
    header_fault,
    identifier_fault,
    line_fault,
    text_fault,
)
from tests.unit.kernel import hostile, regexes

MIB = limits.MIB


def _short(value: object) -> str:
    """Name a case by the start of its bytes, not by megabytes."""
    return shown(value, length_max=12)


# --- V3: JSON ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("raw", "refused"), hostile.JSON.values(), ids=hostile.JSON)
def test_v3_hostile_json_is_refused_by_name(raw: bytes, refused: hostile.Refused) -> None:
    """Each hostile message is refused with exactly the error that names its fault."""
    with pytest.raises(BadInput) as caught:
        strict(raw)
    assert type(caught.value) is refused


@pytest.mark.parametrize("raw", hostile.HONEST_JSON.values(), ids=hostile.HONEST_JSON)
def test_v3_honest_json_that_looks_hostile_is_taken(raw: bytes) -> None:
    """What only looks like an attack, or stands exactly at a limit, is taken."""
    strict(raw)


@pytest.mark.parametrize(
    ("raw", "where", "found"),
    [
        (b'{"a":[{"b":1,"b":2}]}', "$.a[0]", "'b' twice"),
        (b'{"a":{"x y":[1,9223372036854775808]}}', "$.a['x y'][1]", "9223372036854775808"),
        (b'{"a":["ok","x\\u0000"]}', "$.a[1]", "'x\\x00'"),
        (b'{"a": 1e999}', "byte 6", "'1e999'"),
        (b'{"a": NaN}', "byte 6", "NaN or Infinity"),
        (b'{"a": 1,}', "byte 8", "b'}'"),
    ],
)
def test_v3_a_refusal_says_where_and_what(raw: bytes, where: str, found: str) -> None:
    """A refused message is told the place of its fault and what stands there."""
    with pytest.raises(BadInput) as caught:
        strict(raw)
    assert (caught.value.where, caught.value.found) == (where, found)


def test_v3_a_long_integer_is_described_not_printed() -> None:
    """A whole number of thousands of digits, which Python refuses to print, can be reported."""
    with pytest.raises(NumberOutOfRange, match="a whole number of 13285 bits"):
        strict(b"[1" + b"0" * 3_999 + b"]")


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        (b"[" + b"1," * limits.BATCH_MESSAGES_MAX + b"1]", TooManyMessages),
        (b"[" + b"1," * 5_000_000 + b"1]", TooManyMessages),
        (b" " * limits.BATCH_BODY_BYTES_MAX + b"[]", TooLarge),
        (b"[" * 1_000_000, TooDeep),
        (b'{"a":1}', WrongShape),
        (b'{"a":1' + b",1" * 10_000, WrongShape),
        (b"[1,2", NotJson),
        (b"[1,,2]", NotJson),
        (b"[1] [2]", NotJson),
        (b"[NaN]", NumberOutOfRange),
        ("[1]".encode("utf-16"), UnsupportedEncoding),
        (b"<x/>", UnsupportedFormat),
    ],
    ids=_short,
)
def test_v3_hostile_arrays_are_refused_by_name(body: bytes, refused: hostile.Refused) -> None:
    """A batch body that is no array, too long or too many is refused before messages are made."""
    with pytest.raises(BadInput) as caught:
        split_array(body)
    assert type(caught.value) is refused


@pytest.mark.parametrize("count", [0, 1, 2, limits.BATCH_MESSAGES_MAX])
def test_v3_an_array_is_cut_into_the_bytes_its_sender_wrote(count: int) -> None:
    """Each element keeps its bytes, inner blanks and escapes included, up to the limit."""
    messages = [b'{"n": %d ,"t":"\\u0041,]"}' % number for number in range(count)]
    assert split_array(b" [ " + b" ,\n".join(messages) + b" ] ") == messages


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        (b"1\n" * limits.BATCH_MESSAGES_MAX + b"1", TooManyMessages),
        (b"\n" * limits.BATCH_BODY_BYTES_MAX, TooManyMessages),
        (b"x" * (limits.BATCH_BODY_BYTES_MAX + 1), TooLarge),
        (b"1\n" + hostile.of_size(limits.MESSAGE_BYTES_MAX + 1), TooLarge),
        (b"1\n\n2\n", NotJson),
        (b"1\n \r\n2\n", NotJson),
        (b"\n", NotJson),
    ],
    ids=_short,
)
def test_v3_hostile_lines_are_refused_by_name(body: bytes, refused: hostile.Refused) -> None:
    """A body of lines that is too long, too many or has an empty line is refused."""
    with pytest.raises(BadInput) as caught:
        split_lines(body)
    assert type(caught.value) is refused


@pytest.mark.parametrize(
    "body",
    [b"", b"1", b"1\n", b"1\r\n2\r\n", b"1\n2", b"1\n" * limits.BATCH_MESSAGES_MAX],
    ids=_short,
)
def test_v3_lines_are_cut_at_line_ends_only(body: bytes) -> None:
    """LF and CRLF both end a line, and the last line may do without."""
    assert split_lines(body) == body.split()


def test_v3_a_line_separator_inside_text_ends_no_line() -> None:
    """Only LF cuts: U+2028, NEL and a lone CR, which Python's splitlines cuts at, do not."""
    line = '{"a":"x\u2028y\u0085z"}'.encode() + b"\r \x0b"
    assert split_lines(line + b"\n1") == [line, b"1"]


@pytest.mark.parametrize("size_bytes", [1, 2, 3, 7, 100])
def test_v3_a_stream_of_lines_is_cut_like_a_body(size_bytes: int) -> None:
    """However a stream is cut into chunks, its lines are those of the whole body."""
    body = b'{"a":1}\r\n{"b":2}\n3\r\n4'
    chunks = (body[start : start + size_bytes] for start in range(0, len(body), size_bytes))
    assert list(iter_lines(chunks)) == split_lines(body)


def test_v3_a_stream_that_never_ends_a_line_is_cut_off() -> None:
    """A line past the limit is refused once it is past it, with its number."""

    def endless() -> Iterator[bytes]:
        yield b"1\n"
        while True:
            yield b"x" * 10_000

    lines = iter_lines(endless())
    assert next(lines) == b"1"
    with pytest.raises(TooLarge) as caught:
        next(lines)
    assert caught.value.where == "line 2"


def test_v3_a_line_exactly_at_the_limit_is_taken_from_a_stream() -> None:
    """A line of the longest allowed message passes, with CRLF and cut between CR and LF."""
    line = hostile.of_size(limits.MESSAGE_BYTES_MAX)
    assert list(iter_lines([line + b"\r", b"\n1"])) == [line, b"1"]


# --- V4: compression ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "encoding", "refused"), hostile.COMPRESSED.values(), ids=hostile.COMPRESSED
)
def test_v4_hostile_compression_is_refused_by_name(
    body: bytes, encoding: str, refused: hostile.Refused
) -> None:
    """Bombs, many members, stacked and unknown encodings and damaged streams are refused."""
    with pytest.raises(BadInput) as caught:
        inflate(body, encoding, max_bytes=1_000_000)
    assert type(caught.value) is refused


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b'{"a":1}', ""),
        (b'{"a":1}', "identity"),
        (gzip.compress(b'{"a":1}', mtime=0), "gzip"),
        (gzip.compress(b'{"a":1}', mtime=0), " GZIP "),
        (gzip.compress(b'{"a":1}', mtime=0), "x-gzip"),
        (gzip.compress(b'{"a"', mtime=0) + gzip.compress(b":1}", mtime=0), "gzip"),
        (zlib.compress(b'{"a":1}'), "deflate"),
    ],
)
def test_v4_honest_compression_is_unpacked(body: bytes, encoding: str) -> None:
    """A body compressed once, or not, comes out as it went in."""
    assert inflate(body, encoding, max_bytes=7) == b'{"a":1}'


def test_v4_the_output_limit_is_exact() -> None:
    """A body that unpacks to the limit passes; one byte more is refused."""
    body = gzip.compress(bytes(range(256)) * 40)
    assert len(inflate(body, "gzip", max_bytes=256 * 40)) == 256 * 40
    with pytest.raises(InflatesTooFar):
        inflate(body, "gzip", max_bytes=256 * 40 - 1)


def test_v4_the_limit_on_members_is_exact() -> None:
    """As many gzip members as allowed pass, one more is refused."""
    member = gzip.compress(b"x")
    most = limits.INFLATED_MEMBERS_MAX
    assert inflate(member * most, "gzip", max_bytes=MIB) == b"x" * most
    with pytest.raises(InflatesTooFar):
        inflate(member * (most + 1), "gzip", max_bytes=MIB)


def test_v4_the_output_limit_holds_over_all_members_together() -> None:
    """Members that are each within the limit are refused when they exceed it together."""
    with pytest.raises(InflatesTooFar):
        inflate(gzip.compress(b"x" * 600) * 2, "gzip", max_bytes=1_000)


# --- V5, V7: other formats ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "XML or HTML"),
        (b"ISA*00*          *00*", "X12"),
        (b"UNA:+.? '", "EDIFACT"),
    ],
)
def test_v5_v7_xml_and_edi_are_refused_by_name(body: bytes, name: str) -> None:
    """A body of another format is named and never parsed, alone or where an array is due."""
    for door in (strict, split_array):
        with pytest.raises(UnsupportedFormat) as caught:
            door(body)
        assert caught.value.found == name


# --- V8: spreadsheets --------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "cell"), hostile.CELLS.items())
def test_v8_text_cannot_become_a_formula(text: str, cell: str) -> None:
    """Formula starts are guarded, at the start of a cell and after what may start one."""
    assert neutral_cell(text) == cell


@pytest.mark.parametrize("text", hostile.IDENTIFIERS_TAKEN)
def test_v8_identifiers_are_exported_unchanged(text: str) -> None:
    """No identifier needs a guard, so an exported one can be read back."""
    assert neutral_cell(text) == text or "," in text


# --- V10: Unicode ------------------------------------------------------------------------------

Identifier = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=limits.IDENTIFIER_LENGTH_MAX, pattern=IDENTIFIER_PATTERN),
]


@pytest.mark.parametrize(("text", "fault"), hostile.IDENTIFIERS_REFUSED.items())
def test_v10_confusable_identifiers_are_refused_by_name(text: str, fault: str) -> None:
    """An identifier with an invisible, foreign or acting character is refused, and why is said."""
    assert identifier_fault(text) == Fault(fault)
    with pytest.raises(ForbiddenCharacter, match=fault):
        check_identifier(text)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, Identifier)


@pytest.mark.parametrize("text", hostile.IDENTIFIERS_TAKEN)
def test_v10_honest_identifiers_are_taken(text: str) -> None:
    """Identifiers as real catalogues and documents have them pass, by code and by pattern."""
    assert check_identifier(text) == text
    assert msgspec.convert(text, Identifier) == text


@pytest.mark.parametrize(("text", "fault"), hostile.TEXTS_REFUSED.items())
def test_v10_acting_characters_in_text_are_refused_by_name(text: str, fault: str) -> None:
    """Text for people holds no control, override, surrogate or unnormalised character."""
    assert text_fault(text) == Fault(fault)
    with pytest.raises(ForbiddenCharacter, match=fault):
        check_text(text)
    if fault not in (Fault.TOO_LONG, Fault.NOT_NORMAL):
        assert line_fault(text) == Fault(fault)
        assert re.search(TEXT_PATTERN, text) is None
        assert re.search(LINE_PATTERN, text) is None


@pytest.mark.parametrize("text", hostile.TEXTS_TAKEN)
def test_v10_text_of_every_language_is_taken(text: str) -> None:
    """Names and remarks in any script pass."""
    assert check_text(text) == text
    assert re.search(TEXT_PATTERN, text)


@pytest.mark.parametrize(
    ("text", "fault"), [("a\nb", "line-break"), ("a\tb", "control"), ("x" * 201, "too-long")]
)
def test_v10_one_line_is_one_line(text: str, fault: str) -> None:
    """A line of text holds no line break or tab, and is shorter than a text may be."""
    assert line_fault(text) == Fault(fault)
    with pytest.raises(ForbiddenCharacter):
        check_line(text)


# --- V11: injection ----------------------------------------------------------------------------


@pytest.mark.parametrize("value", hostile.INJECTIONS)
def test_v11_a_shown_value_cannot_forge_a_line(value: str) -> None:
    """Whatever a value holds, it is shown on one line of printable characters."""
    for form in (value, {value: value}, [value], value.encode(errors="surrogatepass")):
        text = shown(form)
        assert text.isprintable()
        assert text.splitlines() == [text]


@pytest.mark.parametrize("value", hostile.INJECTIONS)
def test_v11_no_error_carries_a_raw_control_character(value: str) -> None:
    """An error about a hostile field, key or value is itself one printable line."""
    message = msgspec.json.encode({value: value}) if value.isprintable() else None
    raw = message or b'{"a\\nb": "c\\u001bd"}'
    for kind in (Order, dict[str, int], Annotated[dict[str, Colour], None]):
        with pytest.raises(WrongShape) as caught:
            decode(raw, kind)
        assert str(caught.value).isprintable()


@pytest.mark.parametrize("value", [*hostile.INJECTIONS, "", " a", "a ", "é"])
def test_v11_a_header_value_is_visible_ascii_on_one_line(value: str) -> None:
    """No CR, LF, NUL or non-ASCII character reaches a header."""
    visible = re.search(r"\A[!-~](?:[ -~]*[!-~])?\Z", value) is not None
    assert (header_fault(value) is None) == visible
    if not visible:
        with pytest.raises(ForbiddenCharacter):
            check_header(value)


# --- V12: regular expressions ------------------------------------------------------------------

SOURCE = Path(crossdock.__file__).parent

_RE_CALLS = {
    *(f"re.{name}" for name in ("compile", "match", "fullmatch", "search", "sub", "subn")),
    *(f"re.{name}" for name in ("split", "findall", "finditer")),
}

#: Files whose patterns the scan cannot pass and a person did -> why they are safe.
REVIEWED = {
    "storage/postgres/migrations.py": "reads the names and the SQL of files shipped with us",
    "storage/postgres/queries.py": "reads a file shipped with us",
    "storage/postgres/verify.py": "reads a file shipped with us",
    "gateway/pages.py": "reads the names of our own structs",
    "gateway/routes.py": "reads our own paths; a request's path meets anchored patterns only",
    "testing/connectors/cards.py": "reads the source of the connector under test",
    "testing/fakes/vendure.py": "reads the queries that our own connector writes",
    "runtime/config.py": "shortens what YAML says of one mark of the operator's own file",
    "runtime/bench/wire.py": "reads the heads that our own hub and connector write",
}


def _patterns(path: Path) -> Iterator[tuple[int, str, ast.expr, ast.expr | None]]:
    """Give line, module, pattern and flags of each regular expression of a file."""
    name = ".".join(("crossdock", *path.relative_to(SOURCE).with_suffix("").parts))
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        pattern = None
        if ast.unparse(node.func) in _RE_CALLS:
            pattern = given.get("pattern") or node.args[0]
        elif ast.unparse(node.func).rpartition(".")[2] == "Meta":
            pattern = given.get("pattern")
        if pattern is not None:
            second = node.args[1] if len(node.args) > 1 else None
            flags = given.get("flags") or (
                second if ast.unparse(node.func) == "re.compile" else None
            )
            yield node.lineno, name, pattern, flags


def _value(node: ast.expr, module: str) -> Any:
    """Work out what an expression of literals and module constants stands for."""
    scope = vars(importlib.import_module(module.removesuffix(".__init__")))
    return eval(compile(ast.Expression(node), "<pattern>", "eval"), scope)


def test_v12_every_regular_expression_we_ship_is_linear() -> None:
    """No pattern in the source can take more than linear time, whatever text it meets."""
    found: dict[str, set[str]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        for line, module, pattern, flags in _patterns(path):
            try:
                chosen = int(_value(flags, module)) if flags else 0
                problem = regexes.trouble(_value(pattern, module), chosen)
            except NameError as error:
                problem = f"made of more than literals and module constants ({error})"
            if problem:
                file = path.relative_to(SOURCE).as_posix()
                found.setdefault(file, set()).add(f"line {line}: {problem}")
    assert {file: said for file, said in found.items() if file not in REVIEWED} == {}
    assert set(REVIEWED) <= set(found), "these pass now: take them off the list"


@pytest.mark.parametrize(
    "pattern",
    [
        r"^(\w+\s?)*$",
        r"\A(a*)*b",
        r"\A(a|aa)+\Z",
        r"\A(?:a?a)*\Z",
        r"\A(?:abc|a[bc]c)*\Z",
        r"\A\d+\d+x",
        r"\A(.*)=(.*)\Z",
        r"\A.*foo",
        r"\d+x",
        r"\s+$",
        r"(?:a?){200}a{200}",
        r"\A(?i:a+A+)\Z",
        r"\A(?=a)b",
        r"\A(a+)\1\Z",
    ],
)
def test_v12_the_scan_finds_patterns_that_can_blow_up(pattern: str) -> None:
    """Each known shape of a slow pattern is found."""
    assert regexes.trouble(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\A[A-Z]{3}\Z",
        r"\A(?:[0-9]{8}|[0-9]{12,14})\Z",
        r"\A[a-z]+(?:-[a-z]+)*\Z",
        r"\A\d{4}-\d{2}-\d{2}\Z",
        r"\A[^,]*(?:,[^,]*){0,40}\Z",
        r"[0-9]{1,20}",
        r"^x+\Z",
    ],
)
def test_v12_the_scan_passes_honest_patterns(pattern: str) -> None:
    """Patterns with one way to go on, or few ways in all, pass."""
    assert regexes.trouble(pattern) is None


# --- from wrong shapes to errors that help -----------------------------------------------------


class Colour(msgspec.Struct, tag_field="kind", tag="colour", forbid_unknown_fields=True):
    """A sample type behind a tag."""

    name: str


class Size(msgspec.Struct, tag_field="kind", tag="size", forbid_unknown_fields=True):
    """Another, to choose between."""

    height: Annotated[int, msgspec.Meta(ge=1)]


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """A sample order line."""

    item: Identifier
    quantity: Annotated[int, msgspec.Meta(ge=1, le=limits.QUANTITY_MAX)]
    password: Annotated[str, msgspec.Meta(max_length=3)] = ""


class Order(msgspec.Struct, forbid_unknown_fields=True):
    """A sample message."""

    lines: list[Line]
    about: Colour | Size | None = None


@pytest.mark.parametrize(
    ("raw", "kind", "where", "found", "expected"),
    [
        ('{"lines":[{"item":"A"}]}', MissingField, "$.lines[0].quantity", "", "this field"),
        ('{"lines":[],"x":1}', UnknownField, "$.x", "", ""),
        ('{"lines":[],"x\\ny":1}', UnknownField, "$['x\\ny']", "", ""),
        (
            '{"lines":[{"item":"A","quantity":"six"}]}',
            WrongShape,
            "$.lines[0].quantity",
            "'six'",
            "int",
        ),
        (
            '{"lines":[{"item":"A","quantity":0}]}',
            WrongShape,
            "$.lines[0].quantity",
            "0",
            "int >= 1",
        ),
        (
            '{"lines":[{"item":"A","quantity":1.5}]}',
            WrongShape,
            "$.lines[0].quantity",
            "1.5",
            "int",
        ),
        (
            '{"lines":[{"item":"A","quantity":true}]}',
            WrongShape,
            "$.lines[0].quantity",
            "True",
            "int",
        ),
        (
            '{"lines":[{"item":"A","quantity":1,"password":"hunter2"}]}',
            WrongShape,
            "$.lines[0].password",
            "[redacted]",
            "str of length <= 3",
        ),
        ('{"lines":[],"about":{"kind":"smell"}}', UnknownType, "$.about.kind", "'smell'", ""),
        ('{"lines":5}', WrongShape, "$.lines", "5", "array"),
        ("[]", WrongShape, "$", "[]", "object"),
    ],
)
def test_a_wrong_shape_is_told_path_found_and_expected(
    raw: str, kind: type[BadInput], where: str, found: str, expected: str
) -> None:
    """An error of shape carries the JSON path, the value there and what the contract wants."""
    with pytest.raises(BadInput) as caught:
        decode(raw.encode(), Order)
    error = caught.value
    assert (type(error), error.where) == (kind, where)
    assert (error.found, error.expected) == (found, expected)


def test_a_refused_identifier_is_told_the_rule_in_words() -> None:
    """An error shows a rule for people instead of a regular expression."""
    with pytest.raises(WrongShape, match="expected an identifier: letters, digits") as caught:
        decode('{"lines":[{"item":"А1","quantity":1}]}'.encode(), Order)  # noqa: RUF001
    assert "\\A" not in str(caught.value)


def test_an_unknown_code_shows_the_raw_value() -> None:
    """A value that is not in its list is shown, so that a person can map it."""
    import enum

    class Unit(enum.Enum):
        EACH = "each"

    with pytest.raises(UnknownCode) as caught:
        decode(b'{"u":"dozen"}', dict[str, Unit])
    assert caught.value.found == "{u: 'dozen'}"


def test_the_data_of_an_envelope_keeps_its_path() -> None:
    """A part decoded on its own reports paths within the whole message."""
    with pytest.raises(MissingField) as caught:
        typed(msgspec.Raw(b'{"lines":[{"item":"A"}]}'), Order, at="$.data")
    assert caught.value.where == "$.data.lines[0].quantity"


def test_bytes_that_never_passed_strict_are_refused_all_the_same() -> None:
    """Typed decoding alone still raises only our errors on broken bytes."""
    for raw, kind in ((b"[", NotJson), (b'["\xff"]', UnsupportedEncoding), (b"[" * 9_999, TooDeep)):
        with pytest.raises(kind):
            typed(raw, object)


def test_a_problem_is_code_path_and_one_line() -> None:
    """Whoever answers a machine gets three plain fields, also for an error that is not ours."""
    with pytest.raises(DuplicateKey) as caught:
        decode(b'{"a":{"b":1,"b":1}}', Order)
    problem = problem_of(caught.value)
    assert (problem.code, problem.path) == ("duplicate-key", "$.a")
    assert problem.detail == str(caught.value)
    assert problem_of(ValueError("password=x")).code == "internal-error"
    assert "password" not in problem_of(ValueError("password=x")).detail
