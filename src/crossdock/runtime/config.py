"""Every setting of the hub: one file, one frozen object, every problem reported at once.

Secrets are never in the file: a value like `env:ERP_KEY` or `file:/run/secrets/erp` says where to
find one, and `read_settings` resolves it. Nothing else in the hub reads the environment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import yaml

from crossdock.connectors.kit.http import BadAddress, BadCredential, Destination
from crossdock.connectors.rest.settings import RestSettings
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.kernel.errors import CrossdockError
from crossdock.kernel.redaction import one_line, shown
from crossdock.kernel.text import header_fault
from crossdock.ownership.matrix import DEFAULT_RULES, Matrix
from crossdock.ownership.phrases import HUB, SYSTEM_OF_CHANNEL, WMS_OF_SITE
from crossdock.ownership.rule import Rule
from crossdock.sagas.policy import ChannelPolicy, Policy


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


@dataclass(frozen=True, slots=True)
class SystemSettings:
    """One far system: how it is reached (None: it only speaks to us), how it proves itself."""

    name: str
    connector: str = "rest"
    reached: RestSettings | None = None
    inbound_key: Secret | None = None  # what they show us
    at_once: int = 2  # requests to it at the same time


@dataclass(frozen=True, slots=True)
class HubSettings:
    """The hub itself."""

    name: str = "crossdock"
    partitions: int = 16
    host: str = "127.0.0.1"
    port: int = 8100
    data: Path = Path(".crossdock")
    workers: int = 2
    batch: int = 500
    known_items_only: bool = True
    allow_unsafe_database: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration."""

    hub: HubSettings
    database: Secret | None  # a DSN; None: the embedded server in hub.data
    systems: Mapping[str, SystemSettings]
    sites: Mapping[str, str]  # site -> the system that executes there
    channels: Mapping[str, ChannelPolicy]
    rules: Mapping[str, Rule]

    def policy(self) -> Policy:
        """What decisions may know of this configuration."""
        matrix = Matrix(
            tuple(self.rules.values()),
            sites={name: {"wms": system} for name, system in self.sites.items()},
            channels={name: {"system": c.system} for name, c in self.channels.items()},
        )
        return Policy(
            partitions=self.hub.partitions,
            channels=self.channels,
            matrix=matrix,
            known_items_only=self.hub.known_items_only,
            name="crossdock",
        )


class _Reader:
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


def read_settings(file: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Read, resolve and check the configuration.

    Raises:
        ConfigurationWrong: with every problem of the file.
    """
    parsed = _parsed(file)
    reader = _Reader(os.environ if environment is None else environment)
    settings = _settings(reader, parsed, file.parent)
    if reader.problems:
        raise ConfigurationWrong(str(file), reader.problems)
    return settings


def _parsed(file: Path) -> object:
    try:
        return yaml.load(file.read_text(encoding="utf-8"), Loader=_NoTwice)  # noqa: S506 - a SafeLoader
    except OSError as error:
        problem = Problem(str(file), error.strerror or "?", "a readable file")
    except UnicodeDecodeError as error:
        problem = Problem(str(file), f"byte {error.start} is no UTF-8", "text")
    except yaml.YAMLError as error:
        problem = Problem(str(file), _said(error), "YAML")
    except (ValueError, RecursionError) as error:
        # A value that looks like a date or a number and is none; brackets without end.
        problem = Problem(
            str(file), f"a value that cannot be read ({type(error).__name__})", "YAML"
        )
    raise ConfigurationWrong(str(file), [problem])


def _said(error: yaml.YAMLError) -> str:
    """What the parser says, without the lines that it quotes: a secret may stand there."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return type(error).__name__
    words = _QUOTED.sub("a word", getattr(error, "problem", None) or type(error).__name__)
    return f"{words} in line {mark.line + 1}, column {mark.column + 1}"


_QUOTED = re.compile(r"'[^']{2,}'")


class _NoTwice(yaml.SafeLoader):
    """YAML without the silent loss of a key that stands twice."""


def _mapping(loader: _NoTwice, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    for number, key in enumerate(keys):
        mark = node.value[number][0].start_mark
        if not isinstance(key, Hashable):
            raise yaml.constructor.ConstructorError(None, None, "a key that is no name", mark)
        if keys.index(key) < number:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {one_line(str(key))} stands twice", mark
            )
    return dict(loader.construct_pairs(node, deep=True))


_NoTwice.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)

_SECTIONS = ("hub", "database", "systems", "sites", "channels", "ownership")


def _settings(reader: _Reader, parsed: object, base: Path) -> Settings:
    top = reader.section(parsed, "(file)")
    reader.only(top, "(file)", _SECTIONS)
    database = reader.section(top.get("database"), "database")
    reader.only(database, "database", ("url",))
    systems = {
        name: _system(reader, name, value)
        for name, value in reader.section(top.get("systems"), "systems").items()
    }
    _keys_differ(reader, systems)
    sites = _sites(reader, reader.section(top.get("sites"), "sites"), systems)
    channels = {
        name: _channel(reader, name, value, systems, sites)
        for name, value in reader.section(top.get("channels"), "channels").items()
    }
    return Settings(
        hub=_hub(reader, reader.section(top.get("hub"), "hub"), base),
        database=reader.secret(database, "url", "database"),
        systems=systems,
        sites=sites,
        channels=channels,
        rules=_rules(reader, reader.section(top.get("ownership"), "ownership"), systems),
    )


def _hub(reader: _Reader, section: dict[str, Any], base: Path) -> HubSettings:
    known = (
        "name", "partitions", "listen", "data", "workers", "batch", "known_items_only",
        "allow_unsafe_database",
    )  # fmt: skip
    reader.only(section, "hub", known)
    default = HubSettings()
    listen = reader.text(section, "listen", "hub", f"{default.host}:{default.port}")
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        reader.wrong("hub.listen", listen, "host:port")
        host, port = default.host, str(default.port)
    return HubSettings(
        name=reader.text(section, "name", "hub", default.name),
        partitions=reader.number(section, "partitions", "hub", default.partitions, 1, 1024),
        host=host,
        port=int(port),
        data=base / reader.text(section, "data", "hub", str(default.data)),
        workers=reader.number(section, "workers", "hub", default.workers, 0, 64),
        batch=reader.number(section, "batch", "hub", default.batch, 1, 5000),
        known_items_only=reader.flag(section, "known_items_only", "hub", default=True),
        allow_unsafe_database=reader.flag(section, "allow_unsafe_database", "hub", default=False),
    )


_CONNECTORS = {"rest": RestSettings}
"""The settings that each connector asks for; its folder describes them."""


def _system(reader: _Reader, name: str, value: object) -> SystemSettings:
    where = f"systems.{name}"
    section = reader.section(value, where)
    ours = ("connector", "credentials", "inbound_key", "at_once")
    if name in (HUB, "crossdock"):
        reader.wrong(where, name, "a name that is not the hub's own")
    connector = reader.text(section, "connector", where, "rest")
    if connector not in _CONNECTORS:
        reader.wrong(f"{where}.connector", connector, " or ".join(_CONNECTORS))
    theirs = {key: one for key, one in section.items() if key not in ours}
    secret = reader.secret(section, "credentials", where)
    return SystemSettings(
        name=name,
        connector=connector,
        reached=_reached(reader, where, theirs, secret) if theirs else None,
        inbound_key=reader.secret(section, "inbound_key", where),
        at_once=reader.number(section, "at_once", where, 2, 1, 64),
    )


def _reached(
    reader: _Reader, where: str, section: dict[str, Any], secret: Secret | None
) -> RestSettings | None:
    """The connector's own settings, as its struct checks them."""
    for kind in reader.section(section.get("operations"), f"{where}.operations"):
        if kind != "default" and kind not in CATALOGUE:
            reader.wrong(f"{where}.operations", kind, "a message type of the catalogue, or default")
    url = section.get("url")
    if isinstance(url, str):
        try:
            Destination.of(url)
        except BadAddress as error:
            reader.wrong(f"{where}.url", url, error.expects)
            return None
    if secret is not None and (fault := header_fault(secret.value)) is not None:
        reader.wrong(
            f"{where}.credentials", f"a secret with a fault: {fault}", BadCredential.expects
        )
    given = section if secret is None else {**section, "credential": secret.value}
    if "credential" in section:
        reader.wrong(f"{where}.credential", "a secret", "credentials: env:NAME or file:PATH")
    try:
        return msgspec.convert(given, RestSettings)
    except msgspec.ValidationError as error:
        said, _, path = str(error).partition(" - at `$")
        reader.wrong(f"{where}{path.rstrip('`')}", "a wrong value", said)
        return None


def _keys_differ(reader: _Reader, systems: Mapping[str, SystemSettings]) -> None:
    """A key says who speaks, so no two systems may show the same one."""
    owner: dict[str, str] = {}
    for name, system in systems.items():
        key = system.inbound_key
        if key is not None and owner.setdefault(key.value, name) != name:
            said = f"the key of systems.{owner[key.value]}"
            reader.problems.append(Problem(f"systems.{name}.inbound_key", said, "a key of its own"))


def _sites(
    reader: _Reader, section: dict[str, Any], systems: Mapping[str, SystemSettings]
) -> dict[str, str]:
    sites = {}
    for name, value in section.items():
        one = reader.section(value, f"sites.{name}")
        reader.only(one, f"sites.{name}", ("wms",))
        wms = reader.text(one, "wms", f"sites.{name}")
        if wms not in systems:
            reader.wrong(f"sites.{name}.wms", wms, "a system of this file")
        sites[name] = wms
    return sites


def _channel(
    reader: _Reader,
    name: str,
    value: object,
    systems: Mapping[str, SystemSettings],
    sites: Mapping[str, str],
) -> ChannelPolicy:
    where = f"channels.{name}"
    section = reader.section(value, where)
    reader.only(section, where, ("system", "sells_from", "keep_back"))
    system = reader.text(section, "system", where)
    if system not in systems:
        reader.wrong(f"{where}.system", system, "a system of this file")
    sells_from = reader.texts(section.get("sells_from"), f"{where}.sells_from")
    for site in sells_from:
        if site not in sites:
            reader.wrong(f"{where}.sells_from", site, "a site of this file")
    return ChannelPolicy(
        channel=name,
        system=system,
        sells_from=sells_from,
        keep_back=reader.number(section, "keep_back", where, 0, 0, 10**9),
    )


def _rules(
    reader: _Reader, section: dict[str, Any], systems: Mapping[str, SystemSettings]
) -> dict[str, Rule]:
    rules = {rule.entity: rule for rule in DEFAULT_RULES}

    def known(name: str) -> bool:
        return name in systems or name in (HUB, WMS_OF_SITE, SYSTEM_OF_CHANNEL)

    for entity, value in section.items():
        where = f"ownership.{entity}"
        if entity not in rules:
            reader.wrong(where, entity, f"one of {', '.join(sorted(rules))}")
            continue
        one = reader.section(value, where)
        reader.only(one, where, ("owner", "consumers"))
        owners = reader.texts(one.get("owner"), f"{where}.owner") or rules[entity].owners
        consumers = (
            reader.texts(one["consumers"], f"{where}.consumers")
            if "consumers" in one
            else rules[entity].consumers
        )
        for name in (*(owners or ()), *(consumers or ())):
            if not known(name):
                reader.wrong(where, name, "a system of this file, or one of the three phrases")
        rules[entity] = Rule(entity, owners, consumers)
    for rule in rules.values():
        for name in rule.owners or ():
            if not known(name):
                reader.wrong(
                    f"ownership.{rule.entity}",
                    f"the default owner {name}",
                    "a system of this file: name the owner here",
                )
    return rules
