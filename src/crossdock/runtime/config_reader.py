"""Reading a parsed configuration: what fits is taken, what does not is written down with its path.

Nothing stops at the first problem, and no secret is ever shown: a reference like `env:ERP_KEY` is
resolved here, and only here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from crossdock.kernel.errors import CrossdockError
from crossdock.kernel.redaction import shown

_SECONDS = re.compile(r"\A([1-9][0-9]{0,5})([smhd])\Z")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in the configuration."""

    where: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.where}: found {self.found}, expected {self.expected}"


class ConfigurationWrong(CrossdockError):
    """The configuration cannot be used; every problem is named."""

    code = "configuration-wrong"
    advice = "correct the file and run `crossdock check`"

    def __init__(self, file: str, problems: list[Problem]) -> None:
        super().__init__(
            f"{len(problems)} problems in {file}:\n" + "\n".join(f"  {p}" for p in problems),
            where=file,
        )
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret's value, and nothing that prints it."""

    value: str = field(repr=False)

    def __str__(self) -> str:
        return "(secret)"


class Reader:
    """Walks the parsed file, takes what fits, and writes down what does not."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.problems: list[Problem] = []
        self._environment = environment

    def wrong(self, where: str, found: object, expected: str) -> None:
        self.problems.append(Problem(where, shown(found), expected))

    def section(self, value: object, where: str) -> dict[str, Any]:
        """A mapping with text keys; anything else is a problem and counts as empty."""
        if value is None:
            return {}
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            # Only its kind: what stands there may be a secret that went astray.
            self.problems.append(
                Problem(where, f"a {_kind(value)}", "a section of names and values")
            )
            return {}
        return value

    def only(self, section: Mapping[str, Any], where: str, known: tuple[str, ...]) -> None:
        """Name every key that nobody reads: a typing error must not silently switch things off."""
        for key in section:
            if key not in known:
                self.wrong(f"{where}.{key}", "an unknown setting", f"one of {', '.join(known)}")

    def text(self, section: Mapping[str, Any], key: str, where: str, default: str = "") -> str:
        value = section.get(key, default)
        if isinstance(value, str) and (value or key not in section):
            return value
        self.wrong(f"{where}.{key}", value, "text")
        return default

    def number(
        self, section: Mapping[str, Any], key: str, where: str, default: int, low: int, high: int
    ) -> int:
        value = section.get(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.wrong(f"{where}.{key}", value, f"a whole number from {low} to {high}")
        return default

    def flag(self, section: Mapping[str, Any], key: str, where: str, default: bool) -> bool:
        value = section.get(key, default)
        if isinstance(value, bool):
            return value
        self.wrong(f"{where}.{key}", value, "true or false")
        return default

    def texts(self, value: object, where: str) -> tuple[str, ...]:
        """One text or a list of texts."""
        if isinstance(value, str):
            return (value,)
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
        if value is not None:
            self.wrong(where, value, "a name or a list of names")
        return ()

    def seconds(self, section: Mapping[str, Any], key: str, where: str) -> int | None:
        """A length of time: a whole number with s, m, h or d behind it; None if left out."""
        value = section.get(key)
        if value is None:
            return None
        found = _SECONDS.match(value) if isinstance(value, str) else None
        if found is None:
            self.wrong(f"{where}.{key}", value, "a length of time: 30s, 15m, 24h or 7d")
            return None
        return int(found[1]) * _UNITS[found[2]]

    def choice(
        self, section: Mapping[str, Any], key: str, where: str, known: type[Choice], default: Choice
    ) -> Choice:
        """One word of a closed list."""
        value = section.get(key)
        if value is None:
            return default
        if isinstance(value, str) and value in list(known):
            return known(value)
        self.wrong(f"{where}.{key}", value, " or ".join(known))
        return default

    def secret(self, section: Mapping[str, Any], key: str, where: str) -> Secret | None:
        """A secret by reference; the value itself in the file is refused."""
        reference = section.get(key)
        if reference is None:
            return None
        path = f"{where}.{key}"
        kind, _, name = reference.partition(":") if isinstance(reference, str) else ("", "", "")
        if kind == "env" and name:
            value = self._environment.get(name)
            if not value:
                self.wrong(path, f"env:{name}, which is not set", "a set environment variable")
                return None
            return Secret(value)
        if kind == "file" and name:
            return self._secret_of_file(Path(name), path)
        self.wrong(path, "something else", "env:NAME or file:PATH; never the secret itself")
        return None

    def _secret_of_file(self, file: Path, where: str) -> Secret | None:
        try:
            value = file.read_text(encoding="utf-8").strip()
        except OSError as error:
            self.wrong(where, f"file:{file} ({error.strerror})", "a readable file")
            return None
        except UnicodeDecodeError:
            self.wrong(where, f"file:{file}, which holds no text", "a file with the secret as text")
            return None
        if not value:
            self.wrong(where, f"file:{file}, which is empty", "a file with the secret in it")
            return None
        return Secret(value)


def _kind(value: object) -> str:
    if isinstance(value, dict):
        return "section with other keys than names"
    return {"list": "list", "str": "text"}.get(type(value).__name__, type(value).__name__)
