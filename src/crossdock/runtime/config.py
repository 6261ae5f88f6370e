"""Every setting of the hub: one file, one frozen object, every problem reported at once.

Secrets are never in the file: a value like `env:ERP_KEY` or `file:/run/secrets/erp` says where to
find one, and `read_settings` resolves it. Nothing else in the hub reads the environment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import yaml

from crossdock.connectors.kit.card import Settings as ConnectorSettings
from crossdock.connectors.kit.card import secrets_of
from crossdock.connectors.kit.http import BadAddress, BadCredential, Destination
from crossdock.connectors.kit.kind import Kind
from crossdock.contracts.catalogue import CATALOGUE, TOLD, WHOLE_STATES
from crossdock.contracts.conditions import Condition
from crossdock.contracts.versions import tellable
from crossdock.contracts.vocabulary import Entity
from crossdock.delivery.gate import Sparing
from crossdock.delivery.retry import FAR_SIDE_SHARE, RECORDING_SECONDS
from crossdock.gateway.keys import LEAST, Scope
from crossdock.identity.matching import MatchRule
from crossdock.inventory.bridge import PostingPolicy
from crossdock.kernel.limits import POLL_SECONDS_MAX, RESERVATION_SECONDS_MAX
from crossdock.kernel.redaction import one_line
from crossdock.kernel.text import header_fault
from crossdock.orders.charges import MoneyRules
from crossdock.orders.credits import CreditRules
from crossdock.ownership.findings import Finding, House, findings
from crossdock.ownership.flows import Flow, all_flows, stopped_types
from crossdock.ownership.matrix import Matrix
from crossdock.ownership.phrases import CHANNEL, HUB, SITE
from crossdock.ownership.rule import Rule
from crossdock.ownership.survivorship import FieldRule
from crossdock.returns.authorisation import ReturnRules
from crossdock.runtime.config_conditions import read_conditions
from crossdock.runtime.config_identity import (
    read_ids,
    read_matching,
    read_speech,
    read_survivorship,
)
from crossdock.runtime.config_limits import read_limits
from crossdock.runtime.config_money import read_money, read_returns
from crossdock.runtime.config_orders import OrderSettings, read_orders
from crossdock.runtime.config_ownership import read_flows, read_roles, read_rules, roles_named
from crossdock.runtime.config_policies import StockPolicies, read_policies
from crossdock.runtime.config_posting import read_posting
from crossdock.runtime.config_reader import ConfigurationWrong, Problem, Secret
from crossdock.runtime.config_reader import Reader as _Reader
from crossdock.runtime.config_recipes import read_recipes
from crossdock.runtime.config_schedules import read_schedules
from crossdock.runtime.config_sequences import read_sequences
from crossdock.runtime.connecting import SHIPPED, UnknownConnector, kind_of
from crossdock.runtime.pressure import Limits
from crossdock.runtime.schedules import Schedule
from crossdock.sagas.policy import Backorders, ChannelPolicy, Policy, SequenceRule
from crossdock.sagas.recipes.book import RecipeBook
from crossdock.sagas.understanding import Speech


@dataclass(frozen=True, slots=True)
class SystemSettings:
    """One far system: how it is reached (None: it only speaks to us), how it proves itself."""

    name: str
    kind: Kind = SHIPPED["rest"]
    reached: ConnectorSettings | None = None
    inbound_key: Secret | None = None  # what they show us
    poll_seconds: int = 15  # how often its feeds are read
    schedules: Mapping[str, Schedule] = field(default_factory=dict)  # of feeds that have one
    sparing: Sparing = field(default_factory=Sparing)  # what it bears, from all of us together
    newest_only: frozenset[str] = frozenset()  # types of which it is told the newest only
    reads: Mapping[str, str] = field(default_factory=dict)  # newest type -> the version it reads
    ids: frozenset[Entity] = frozenset()  # the records that it calls by its own numbers
    scopes: frozenset[Scope] = LEAST  # what its key opens
    messages_per_second: int = 0  # how many it may send us; 0: no limit

    def attempt_seconds(self, at_least: float) -> float:
        """How long an attempt may take: long enough for the time that one request is given.

        Else an answer that is waited for would come when nobody may record it any more.
        """
        request = float(getattr(self.reached, "timeout_seconds", 0.0))
        return max(at_least, request / FAR_SIDE_SHARE + RECORDING_SECONDS)


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
    desks: int = 1
    known_items_only: bool = True
    allow_unsafe_database: bool = False
    backorders: Backorders = Backorders.PRIORITY
    reservation_seconds: int = 900


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration."""

    hub: HubSettings
    database: Secret | None  # a DSN; None: the embedded server in hub.data
    systems: Mapping[str, SystemSettings]
    sites: Mapping[str, Mapping[str, str]]  # site -> role -> system
    channels: Mapping[str, ChannelPolicy]
    channel_roles: Mapping[str, Mapping[str, str]]  # channel -> role -> system
    rules: tuple[Rule, ...]
    posting: PostingPolicy
    recipes: RecipeBook
    money: MoneyRules
    returns: ReturnRules
    credits: CreditRules
    policies: StockPolicies
    orders: OrderSettings
    flows: Mapping[str, Flow]  # every one, those that ship with the hub included
    speech: Mapping[str, Speech]  # the systems that do not speak as we do
    matching: Mapping[str, tuple[MatchRule, ...]]  # by entity
    survivorship: Mapping[str, Mapping[str, FieldRule]]  # by entity and field
    conditions: Mapping[str, Condition]  # by kind, as this house has them
    sequences: Mapping[str, SequenceRule]  # the systems that number their messages
    limits: Limits = field(default_factory=Limits)  # what this process may use

    def matrix(self) -> Matrix:
        """Who owns what, and who is told, in this house."""
        return Matrix(self.rules, sites=self.sites, channels=self.channel_roles)

    def findings(self) -> list[Finding]:
        """Holes and overlaps of the matrix: what flow touches one does not start."""
        reached = {name: system.reached is not None for name, system in self.systems.items()}
        surviving = [
            entity if field == "*" else f"{entity}.{field}"
            for entity, rules in self.survivorship.items()
            for field in rules
        ]
        return findings(self.matrix(), House(reached, surviving))

    def sparing(self) -> dict[str, Sparing]:
        """What each system bears that is told anything, with the time that its attempts have."""
        return {
            name: replace(
                system.sparing,
                breaker=replace(
                    system.sparing.breaker, probe_seconds=1.5 * system.attempt_seconds(60.0)
                ),
            )
            for name, system in self.systems.items()
            if system.reached is not None
        }

    def policy(self) -> Policy:
        """What decisions may know of this configuration."""
        return Policy(
            partitions=self.hub.partitions,
            channels=self.channels,
            matrix=self.matrix(),
            known_items_only=self.hub.known_items_only,
            backorders=self.hub.backorders,
            soft_seconds=self.hub.reservation_seconds,
            name="crossdock",
            posting=self.posting,
            recipes=self.recipes,
            money=self.money,
            returns=self.returns,
            credits=self.credits,
            adjustment_limits=self.policies.adjustment_limits,
            count_tolerances=self.policies.count_tolerances,
            docks=self.policies.docks,
            sequences=self.sequences,
            transfer_hours=self.policies.transfer_hours,
            newest_only={
                name: system.newest_only
                for name, system in self.systems.items()
                if system.newest_only
            },
            stopped=stopped_types(self.flows, self.findings()),
            speech=self.speech,
            matching=self.matching,
            survivorship=self.survivorship,
            orders=self.orders.channels,
            orders_default=self.orders.default,
            holds=self.orders.holds,
            customers=self.orders.customers,
            sourcing=self.orders.sourcing,
        )


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

_SECTIONS = (
    "hub", "database", "systems", "sites", "channels", "ownership", "flows", "codes", "identity",
    "survivorship", "posting", "policies", "taxes", "invoicing", "returns", "conditions",
    "sequences", "limits", "recipes", "orders",
)  # fmt: skip


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
    owned = reader.section(top.get("ownership"), "ownership")
    sites = _sites(reader, reader.section(top.get("sites"), "sites"), systems, owned)
    selling = reader.section(top.get("channels"), "channels")
    roles = roles_named(owned, CHANNEL)
    channels = {
        name: _channel(reader, name, value, systems, sites, roles)
        for name, value in selling.items()
    }
    _shares_sites(reader, channels)
    speech = read_speech(
        reader,
        reader.section(top.get("codes"), "codes"),
        {name: system.ids for name, system in systems.items()},
        {"site": sites, "channel": channels},
    )
    surviving = reader.section(top.get("survivorship"), "survivorship")
    taken_back, paid_back = read_returns(reader, reader.section(top.get("returns"), "returns"))
    flows = all_flows(read_flows(reader, reader.section(top.get("flows"), "flows")))
    return Settings(
        hub=_hub(reader, reader.section(top.get("hub"), "hub"), base),
        database=reader.secret(database, "url", "database"),
        systems=systems,
        sites=sites,
        channels=channels,
        channel_roles={
            name: {role: value[role] for role in roles if role in value}
            for name, value in selling.items()
            if isinstance(value, dict)
        },
        rules=read_rules(reader, owned, sites, channels),
        policies=read_policies(reader, top.get("policies"), sites, flows),
        recipes=read_recipes(reader, top.get("recipes"), base),
        orders=read_orders(
            reader, reader.section(top.get("orders"), "orders"), sites, channels, systems
        ),
        posting=read_posting(reader, reader.section(top.get("posting"), "posting")),
        money=read_money(
            reader,
            reader.section(top.get("taxes"), "taxes"),
            reader.section(top.get("invoicing"), "invoicing"),
        ),
        returns=taken_back,
        credits=paid_back,
        flows=flows,
        speech=speech,
        matching=read_matching(reader, reader.section(top.get("identity"), "identity"), speech),
        survivorship=read_survivorship(reader, surviving, systems),
        limits=read_limits(reader, reader.section(top.get("limits"), "limits")),
        sequences=read_sequences(
            reader, reader.section(top.get("sequences"), "sequences"), systems
        ),
        conditions=read_conditions(reader, reader.section(top.get("conditions"), "conditions")),
    )


def _hub(reader: _Reader, section: dict[str, Any], base: Path) -> HubSettings:
    known = (
        "name", "partitions", "listen", "data", "workers", "batch", "desks", "known_items_only",
        "backorders", "reservation_seconds",
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
        desks=reader.number(section, "desks", "hub", default.desks, 1, 8),
        known_items_only=reader.flag(section, "known_items_only", "hub", default=True),
        backorders=_backorders(reader, section),
        reservation_seconds=reader.number(
            section,
            "reservation_seconds",
            "hub",
            default.reservation_seconds,
            1,
            RESERVATION_SECONDS_MAX,
        ),
        allow_unsafe_database=reader.flag(section, "allow_unsafe_database", "hub", default=False),
    )


def _backorders(reader: _Reader, section: dict[str, Any]) -> Backorders:
    said = reader.text(section, "backorders", "hub", Backorders.PRIORITY.value)
    if said not in list(map(str, Backorders)):
        reader.wrong("hub.backorders", said, f"one of {', '.join(Backorders)}")
        return Backorders.PRIORITY
    return Backorders(said)


def _system(reader: _Reader, name: str, value: object) -> SystemSettings:
    where = f"systems.{name}"
    section = reader.section(value, where)
    ours = ("connector", "credentials", "inbound_key", "limits", "newest_only",
            "poll_seconds", "schedules", "versions", "ids", "scopes",
            "messages_per_second")  # fmt: skip
    if name in (HUB, "crossdock"):
        reader.wrong(where, name, "a name that is not the hub's own")
    kind = _kind(reader, section, where)
    theirs = {key: one for key, one in section.items() if key not in ours}
    secret = reader.secret(section, "credentials", where)
    return SystemSettings(
        name=name,
        kind=kind,
        reached=_reached(reader, where, kind, theirs, secret) if theirs else None,
        inbound_key=reader.secret(section, "inbound_key", where),
        poll_seconds=reader.number(section, "poll_seconds", where, 15, 1, POLL_SECONDS_MAX),
        schedules=read_schedules(reader, section.get("schedules"), f"{where}.schedules"),
        newest_only=_newest_only(reader, section.get("newest_only"), f"{where}.newest_only"),
        sparing=_sparing(reader, section.get("limits"), f"{where}.limits"),
        reads=_reads(reader, section.get("versions"), f"{where}.versions"),
        ids=read_ids(reader, section, where),
        scopes=_scopes(reader, section.get("scopes"), f"{where}.scopes"),
        messages_per_second=reader.number(section, "messages_per_second", where, 0, 0, 10**6),
    )


def _sparing(reader: _Reader, value: object, where: str) -> Sparing:
    """What a system bears: `{per_second: 10, at_once: 4}`."""
    section = reader.section(value, where)
    reader.only(section, where, ("at_once", "per_second"))
    per_second = section.get("per_second")
    is_number = isinstance(per_second, int | float) and not isinstance(per_second, bool)
    if per_second is not None and not (is_number and 0.01 <= per_second <= 10_000):
        reader.wrong(f"{where}.per_second", per_second, "a number from 0.01 to 10000")
        per_second = None
    return Sparing(
        at_once=reader.number(section, "at_once", where, Sparing().at_once, 1, 64),
        per_second=per_second,
    )


def _newest_only(reader: _Reader, value: object, where: str) -> frozenset[str]:
    """Of which messages a system is told the newest only: `[crossdock.order.status_changed]`."""
    known = {name.rpartition(".v")[0]: name for name in sorted(WHOLE_STATES)}
    words = reader.texts(value, where)
    for word in words:
        if word not in known:
            reader.wrong(where, word, " or ".join(known))
    return frozenset(known[word] for word in words if word in known)


def _reads(reader: _Reader, value: object, where: str) -> dict[str, str]:
    """Which older versions a system reads: `crossdock.order.released: 1`."""
    found = {}
    for word, version in reader.section(value, where).items():
        told = next((name for name in sorted(TOLD) if name.rpartition(".v")[0] == word), None)
        if told is None:
            reader.wrong(where, word, "a message type that is told, without its version")
            continue
        known = {name.rpartition(".v")[2]: name for name in tellable(told)}
        older = known.get(str(version))
        if older is None:
            reader.wrong(f"{where}.{word}", version, f"a version told: {' or '.join(known)}")
        elif older != told:
            found[told] = older
    return found


_SCOPES = {scope.value: scope for scope in Scope if scope is not Scope.PUBLIC}


def _scopes(reader: _Reader, value: object, where: str) -> frozenset[Scope]:
    """What a system's key opens: the least unless the file says more."""
    names = reader.texts(value, where)
    for name in names:
        if name not in _SCOPES:
            reader.wrong(where, name, " or ".join(_SCOPES))
    return frozenset(_SCOPES[name] for name in names if name in _SCOPES) if names else LEAST


def _kind(reader: _Reader, section: dict[str, Any], where: str) -> Kind:
    name = reader.text(section, "connector", where, "rest")
    try:
        return kind_of(name)
    except UnknownConnector as error:
        reader.wrong(f"{where}.connector", error.found, error.expected)
        return SHIPPED["rest"]


def _reached(
    reader: _Reader, where: str, kind: Kind, section: dict[str, Any], secret: Secret | None
) -> ConnectorSettings | None:
    """The connector's own settings, as its struct checks them."""
    for told in reader.section(section.get("operations"), f"{where}.operations"):
        if told != "default" and told not in CATALOGUE:
            reader.wrong(f"{where}.operations", told, "a message type of the catalogue, or default")
    url = section.get("url")
    if isinstance(url, str):
        try:
            Destination.of(url)
        except BadAddress as error:
            reader.wrong(f"{where}.url", url, error.expects)
            return None
    is_key = secret is not None and secret.value.startswith("-----BEGIN")
    if secret is not None and not is_key and (fault := header_fault(secret.value)) is not None:
        reader.wrong(
            f"{where}.credentials", f"a secret with a fault: {fault}", BadCredential.expects
        )
    given = section if secret is None else {**section, "credential": secret.value}
    if "credential" in section:
        reader.wrong(f"{where}.credential", "a secret", "credentials: env:NAME or file:PATH")
    for name in secrets_of(kind.settings):
        other = reader.secret(section, name, where) if name != "credential" else None
        if other is not None:
            given = {**given, name: other.value}
    try:
        return msgspec.convert(given, kind.settings)
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
    reader: _Reader,
    section: dict[str, Any],
    systems: Mapping[str, SystemSettings],
    owned: Mapping[str, Any],
) -> dict[str, dict[str, str]]:
    roles = roles_named(owned, SITE)
    sites = {}
    for name, value in section.items():
        where = f"sites.{name}"
        one = reader.section(value, where)
        reader.only(one, where, roles)
        sites[name] = read_roles(reader, one, where, roles, systems)
    return sites


def _wants_on_hand(reader: _Reader, section: dict[str, Any], where: str) -> bool:
    said = reader.text(section, "wants", where, "available")
    if said not in ("available", "on_hand"):
        reader.wrong(f"{where}.wants", said, "available or on_hand")
    return said == "on_hand"


def _shares_sites(reader: _Reader, channels: Mapping[str, ChannelPolicy]) -> None:
    """On hand is right for one channel only where all that is promised is promised to it (P36)."""
    for name, one in channels.items():
        for other, two in channels.items():
            shared = sorted(set(one.sells_from) & set(two.sells_from))
            if one.wants_on_hand and other != name and shared:
                reader.wrong(
                    f"channels.{name}.wants",
                    f"on_hand, and channel {other} sells from {shared[0]} too",
                    "available, or sites that no other channel sells from",
                )


def _channel(
    reader: _Reader,
    name: str,
    value: object,
    systems: Mapping[str, SystemSettings],
    sites: Collection[str],
    roles: tuple[str, ...],
) -> ChannelPolicy:
    where = f"channels.{name}"
    section = reader.section(value, where)
    ours = ("sells_from", "keep_back", "wants", "per_site", "sells_ahead_days")
    reader.only(section, where, (*roles, *ours))
    system = reader.text(section, "system", where)
    if system not in systems:
        reader.wrong(f"{where}.system", system, "a system of this file")
    others = tuple(role for role in roles if role != "system")
    read_roles(reader, section, where, others, systems)
    sells_from = reader.texts(section.get("sells_from"), f"{where}.sells_from")
    for site in sells_from:
        if site not in sites:
            reader.wrong(f"{where}.sells_from", site, "a site of this file")
    return ChannelPolicy(
        channel=name,
        system=system,
        sells_from=sells_from,
        keep_back=reader.number(section, "keep_back", where, 0, 0, 10**9),
        wants_on_hand=_wants_on_hand(reader, section, where),
        per_site=reader.flag(section, "per_site", where, default=False),
        sells_ahead_days=reader.number(section, "sells_ahead_days", where, 0, 0, 3650),
    )
