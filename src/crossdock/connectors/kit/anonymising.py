"""Real traffic without what is nobody's business: our secrets, their tokens, and people.

What a value is hidden for is told from its name, from the names round it, or from its look. The
same value is hidden under the same word everywhere, so that what belongs together still does; what
tells records and codes apart stays as it is. Somebody has to read the result all the same: a name
that nobody thought of is not known here.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote, quote_plus

import msgspec

from crossdock.connectors.kit.mapping import decode
from crossdock.kernel.redaction import HIDDEN, is_secret

_PERSONAL: Final = re.compile(
    r"e?mail|phone|mobile|fax|street|addressline|postalcode|postcode|zip|birth|vatid|vatnumber"
    r"|taxnumber|(first|last|full|given|family|middle|sur|company|contact|customer)name|iban|bic"
)
"""Of a name in lower case, letters only: what stands there says something of a person."""

_OF_PEOPLE: Final = re.compile(
    r"address|customer|contact|person|recipient|consignee|buyer|user|party|shipto|billto"
)
"""Whatever stands below such a name does, unless it is a code."""

_CODE: Final = re.compile(
    r"(id|ids|code|country|currency|type|state|status|kind|language|number)\Z"
)

_LOOKS: Final = (
    re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}"),
    re.compile(r"\+[0-9](?:[ ()/.-]{0,2}[0-9]){6,14}"),
    re.compile(r"eyJ[A-Za-z0-9_-]{5,4096}\.[A-Za-z0-9_-]{5,4096}\.[A-Za-z0-9_-]{5,4096}"),
    re.compile(r"\b[0-9a-f]{64}\b"),
    re.compile(r"(?:Bearer|Basic) [A-Za-z0-9._~+/=-]{8,4096}"),
)
"""An address of mail, a number of a telephone, a token, a credential: wherever they stand."""

_TEXT_LENGTH_MAX: Final = 1_000_000


class Anonymiser:
    """Hides the same things everywhere in one recording."""

    def __init__(self, secrets: Collection[str], hide: Collection[str] = ()) -> None:
        """`secrets` are hidden wherever they stand, `hide` are further names."""
        self._secrets = sorted((one for one in secrets if one), key=len, reverse=True)
        self._hide = {_letters(name) for name in hide}
        self._words: dict[str, str] = {}

    def text(self, said: str) -> str:
        """Text without secrets, and without what looks like a person or a token."""
        for secret in self._secrets:
            said = said.replace(secret, HIDDEN)
        for look in _LOOKS:
            said = look.sub(lambda found: self._word(found.group()), said)
        return said

    def body(self, raw: bytes | None) -> str:
        """A body in JSON without them; one of any other kind is left out whole."""
        if not raw or len(raw) > _TEXT_LENGTH_MAX:
            return ""
        try:
            tree = decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return ""
        return _encode(self.value("", tree)).decode()

    def value(self, name: str, found: Any, *, of_people: bool = False) -> Any:
        """What stands under a name, hidden where it must be; its kind stays the same."""
        letters = _letters(name)
        if name and (is_secret(name) or letters in self._hide):
            return self._hidden(found)
        if isinstance(found, dict):
            below = of_people or bool(_OF_PEOPLE.search(letters))
            return {
                self.text(key): self.value(key, one, of_people=below) for key, one in found.items()
            }
        if isinstance(found, list):
            return [self.value(name, one, of_people=of_people) for one in found]
        personal = bool(_PERSONAL.search(letters)) or (of_people and not _CODE.search(letters))
        if personal:
            return self._word(found) if isinstance(found, str) else _blank(found)
        return self.text(found) if isinstance(found, str) else found

    def _hidden(self, found: Any) -> Any:
        """A value of which nothing is shown but its shape."""
        if isinstance(found, dict):
            return {self.text(key): self._hidden(one) for key, one in found.items()}
        if isinstance(found, list):
            return [self._hidden(one) for one in found]
        return HIDDEN if isinstance(found, str) else _blank(found)

    def _word(self, found: str) -> str:
        """By which word a value is hidden: one each, of the form of an address of mail or none."""
        if not found.strip() or found in self._words.values():
            return found
        if found not in self._words:
            number = len(self._words) + 1
            mail = "@" in found
            self._words[found] = (
                f"person{number}@redacted.example" if mail else f"redacted-{number}"
            )
        return self._words[found]


def _letters(name: str) -> str:
    return "".join(filter(str.isalpha, name)).lower()


def _blank(found: Any) -> Any:
    """A value of the same kind that says nothing."""
    if isinstance(found, bool) or found is None:
        return found
    return 0 if isinstance(found, int | float | Decimal) else found


def spelled(secrets: Sequence[str]) -> list[str]:
    """Secrets as they may stand in traffic: plain, or as JSON, a form or a header has them."""
    return [way for secret in secrets if secret for way in dict.fromkeys(_ways(secret))]


def _ways(secret: str) -> tuple[str, ...]:
    escaped = msgspec.json.encode(secret).decode()[1:-1]
    return (secret, escaped, quote(secret, safe=""), quote_plus(secret), _base64(secret.encode()))


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")


_encode = msgspec.json.Encoder(decimal_format="number").encode
