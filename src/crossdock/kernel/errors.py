"""Every error this hub raises on purpose descends from one root and carries a stable code.

    CrossdockError              crossdock
    ├── InvariantBroken         invariant-broken
    └── BadInput                bad-input
        ├── UnsupportedFormat   unsupported-format
        ├── UnsupportedEncoding unsupported-encoding
        ├── NotCompressed       not-compressed
        ├── NotJson             not-json
        ├── TooLarge            too-large
        │   ├── TooManyMessages too-many-messages
        │   └── InflatesTooFar  inflates-too-far
        ├── TooDeep             too-deep
        ├── TooManyKeys         too-many-keys
        ├── DuplicateKey        duplicate-key
        ├── ForbiddenCharacter  forbidden-character
        ├── NumberOutOfRange    number-out-of-range
        └── WrongShape          wrong-shape
            ├── MissingField    missing-field
            ├── UnknownField    unknown-field
            ├── UnknownCode     unknown-code
            └── UnknownType     unknown-type

A refusal of business (out of stock, credit hold) is a value, not an exception; see the rooms that
decide. Rooms above add their own branches below `CrossdockError`; a code is never reused.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple


class CrossdockError(Exception):
    """Something went wrong that the hub can name."""

    code: ClassVar[str] = "crossdock"
    expects: ClassVar[str] = ""  # what would have been right, unless the raiser knows better
    advice: ClassVar[str] = ""  # what a person should do, unless the raiser knows better

    def __init__(
        self,
        detail: str = "",
        *,
        where: str = "",
        found: str = "",
        expected: str = "",
        remedy: str = "",
    ) -> None:
        """Keep the five things a person needs: what, where, found, expected, what to do.

        `where` is a JSON path (`$.lines[0].item`), a line or a byte. `found` must have passed
        through `kernel.redaction.shown`; it is printed as it is.
        """
        kind = type(self)
        self.detail = detail or (kind.__doc__ or kind.__name__).partition("\n")[0]
        self.where = where
        self.found = found
        self.expected = expected or kind.expects
        self.remedy = remedy or kind.advice
        super().__init__(self.detail)

    def __str__(self) -> str:
        """Say it all in one line."""
        parts = [self.detail.rstrip(".")]
        if self.where:
            parts.append(f"at {self.where}")
        if self.found:
            parts.append(f"found {self.found}")
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.remedy:
            parts.append(self.remedy)
        return "; ".join(parts)


class InvariantBroken(CrossdockError):
    """A promise of the hub does not hold: stop here, this is our fault."""

    code = "invariant-broken"
    advice = "keep the data as it is and report this with the line shown"


class BadInput(CrossdockError):
    """What came in cannot be taken; the sender must change it."""

    code = "bad-input"
    advice = "correct the message and send it again under the same id"


class UnsupportedFormat(BadInput):
    """The body is in a format that this door does not read."""

    code = "unsupported-format"
    expects = "JSON, or one JSON message per line"
    advice = "send JSON here, or give the file to the connector that reads this format"


class UnsupportedEncoding(BadInput):
    """The characters or the compression of the body are not ones that we read."""

    code = "unsupported-encoding"
    expects = "UTF-8 without a byte order mark, plain or compressed once with gzip or deflate"
    advice = "encode the body anew and send it again"


class NotCompressed(BadInput):
    """The body is not what its Content-Encoding says, or it is cut short."""

    code = "not-compressed"
    expects = "one whole compressed stream and nothing after it"
    advice = "compress the body anew, or send it plain without Content-Encoding"


class NotJson(BadInput):
    """The body is not JSON."""

    code = "not-json"
    expects = "one JSON value"
    advice = "have the sending program write JSON with a library instead of by hand"


class TooLarge(BadInput):
    """The body or message is longer than we take."""

    code = "too-large"
    advice = "send it in smaller parts"


class TooManyMessages(TooLarge):
    """The batch holds more messages than one request may carry."""

    code = "too-many-messages"


class InflatesTooFar(TooLarge):
    """The compressed body unpacks to more than we take."""

    code = "inflates-too-far"


class TooDeep(BadInput):
    """Arrays and objects are nested deeper than we follow."""

    code = "too-deep"
    advice = "flatten the message"


class TooManyKeys(BadInput):
    """The message has more object members than we take."""

    code = "too-many-keys"
    advice = "split the message"


class DuplicateKey(BadInput):
    """An object names the same key twice, so nobody can say which value is meant."""

    code = "duplicate-key"
    expects = "each key once per object"


class ForbiddenCharacter(BadInput):
    """Text holds a character that is not allowed there."""

    code = "forbidden-character"
    advice = "remove the character at its source; it is often invisible"


class NumberOutOfRange(BadInput):
    """A number is no number, or larger, longer or finer than we take."""

    code = "number-out-of-range"


class WrongShape(BadInput):
    """A field does not hold what the contract says."""

    code = "wrong-shape"


class MissingField(WrongShape):
    """A field that the contract requires is not there."""

    code = "missing-field"


class UnknownField(WrongShape):
    """A field is there that the contract does not have."""

    code = "unknown-field"
    advice = "remove the field, or look for a misspelt name"


class UnknownCode(WrongShape):
    """A coded field holds a value that is not in its list; we never guess."""

    code = "unknown-code"
    advice = "use a code of the list, or add the code to the mapping"


class UnknownType(WrongShape):
    """The message says it is of a type that we do not know."""

    code = "unknown-type"
    advice = "check the spelling of the type and its version"


class Problem(NamedTuple):
    """What an answer to a machine says about an error."""

    code: str
    path: str
    detail: str


def problem_of(error: BaseException) -> Problem:
    """Return code, path and detail of any error; one that is not ours says nothing of itself."""
    if isinstance(error, CrossdockError):
        return Problem(error.code, error.where, str(error))
    return Problem("internal-error", "", "The hub failed; the log has the details")
