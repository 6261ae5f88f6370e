"""The configuration is read whole: every problem with its path, at once, and no secret shown."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from crossdock.connectors.rest.settings import RestSettings
from crossdock.contracts import versions
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.connector import Ability
from crossdock.delivery.gate import Sparing
from crossdock.gateway.keys import LEAST, Scope
from crossdock.ownership.flows import Criticality, Model
from crossdock.ownership.matrix import DEFAULT_RULES
from crossdock.ownership.rule import OnViolation, Rule
from crossdock.runtime import config
from crossdock.runtime.config import HubSettings, Settings, SystemSettings, read_settings
from crossdock.runtime.config_reader import ConfigurationWrong, Secret
from crossdock.sagas.policy import Backorders

SECRET = "s3cr3t-of-the-house"
ENVIRONMENT = {"KEY": SECRET, "OTHER": f"{SECRET}-2", "EMPTY": ""}
SOUND = """
systems:
  erp: {url: "https://erp.example", credentials: env:KEY, inbound_key: env:OTHER}
  crm: {}
  shop: {}
  east: {limits: {at_once: 3, per_second: 0.5}}
sites:
  EAST: {wms: east}
channels:
  web: {system: shop, sells_from: [EAST], keep_back: 2}
"""


def read(text: str | bytes, folder: Path, environment: dict[str, str] | None = None) -> Settings:
    """Settings of a file with this text."""
    file = folder / "crossdock.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_settings(file, ENVIRONMENT if environment is None else environment)


def problems(text: str | bytes, folder: Path) -> dict[str, str]:
    """What is wrong: path -> what was found and expected."""
    with pytest.raises(ConfigurationWrong) as refused:
        read(text, folder)
    assert SECRET not in str(refused.value)
    assert all(str(problem) in str(refused.value) for problem in refused.value.problems)
    return {p.where: f"{p.found}, expected {p.expected}" for p in refused.value.problems}


def test_a_small_file_is_enough(tmp_path: Path) -> None:
    """All else has a default; folders are seen from the file."""
    settings = read(SOUND, tmp_path)
    assert settings.hub == HubSettings(data=tmp_path / ".crossdock")
    assert settings.database is None
    assert settings.sites == {"EAST": {"wms": "east"}}
    assert settings.channel_roles == {"web": {"system": "shop"}}
    assert settings.channels["web"].sells_from == ("EAST",)
    assert settings.channels["web"].keep_back == 2
    assert settings.rules == DEFAULT_RULES
    assert settings.systems["crm"] == SystemSettings("crm")
    assert settings.systems["east"].sparing == Sparing(3, 0.5)
    reached = settings.systems["erp"].reached
    assert reached == RestSettings(url="https://erp.example", credential=SECRET)
    assert settings.systems["erp"].inbound_key == Secret(f"{SECRET}-2")


def test_every_setting_of_the_hub_is_read(tmp_path: Path) -> None:
    """Each is set to something else than its default, and arrives."""
    text = """
hub:
  name: north
  partitions: 4
  listen: "[::1]:9000"
  data: kept
  workers: 3
  batch: 7
  desks: 2
  known_items_only: false
  allow_unsafe_database: true
  backorders: smallest_first
  reservation_seconds: 60
database: {url: env:KEY}
"""
    settings = read(SOUND + text, tmp_path)
    assert settings.hub == HubSettings(
        "north", 4, "[::1]", 9000, tmp_path / "kept", 3, 7, 2, False, True,
        Backorders.SMALLEST_FIRST, 60,
    )  # fmt: skip
    default = HubSettings()
    names = [one.name for one in fields(HubSettings)]
    assert [n for n in names if getattr(settings.hub, n) == getattr(default, n)] == []
    assert settings.database == Secret(SECRET)


def test_the_policy_says_what_the_file_says(tmp_path: Path) -> None:
    """Deciders see channels, sites and matrix, and whether unknown items are held."""
    policy = read(SOUND + "hub: {partitions: 4, known_items_only: false}\n", tmp_path).policy()
    assert (policy.partitions, policy.known_items_only) == (4, False)
    assert policy.matrix.consumers("release", "EAST", "web") == ("east",)
    assert policy.matrix.owners("order", None, "web") == ("shop", "crm")


def test_operations_are_read_by_the_connector(tmp_path: Path) -> None:
    """Per message type, with a default for the others."""
    text = SOUND.replace(
        "crm: {}",
        "crm: {url: 'http://crm', operations: {default: {ability: keys}, "
        "crossdock.order.released.v1: {path: /r, ability: look_up, look_up: '/r/{key}'}}}",
    )
    reached = read(text, tmp_path).systems["crm"].reached
    assert isinstance(reached, RestSettings)
    assert reached.operation("crossdock.order.released.v1").look_up == "/r/{key}"
    assert reached.operation("crossdock.invoice.requested.v1").ability is Ability.KEYS


def rules_of(text: str, folder: Path) -> dict[str, Rule]:
    """The rules of a file's matrix by their keys."""
    return {rule.key: rule for rule in read(text, folder).rules}


def test_a_row_of_the_matrix_is_replaced_whole_or_in_part(tmp_path: Path) -> None:
    """What a row does not name stays as shipped; the other rows stay untouched."""
    text = "ownership: {invoice: {owner: crm, consumers: []}, order: {consumers: crm}}\n"
    rules = rules_of(SOUND + text, tmp_path)
    assert (rules["invoice"].owners, rules["invoice"].consumers) == (("crm",), ())
    assert rules["order"].owners == ("system of channel", "crm")
    assert rules["order"].consumers == ("crm",)
    assert rules["item"].owners == ("erp",)


def test_a_system_may_read_an_older_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a downcast says how; the newest needs none and is no wish at all."""
    shipped = "crossdock.shipment.shipped"
    text = f"systems: {{x: {{versions: {{{shipped}: 1}}}}}}\n"
    assert read(text, tmp_path).systems["x"].reads == {}
    newer = f"{shipped}.v2"
    monkeypatch.setattr(config, "TOLD", frozenset({newer}))
    monkeypatch.setitem(versions.DOWNCASTS, newer, versions.Step(f"{shipped}.v1", str))
    assert read(text, tmp_path).systems["x"].reads == {newer: f"{shipped}.v1"}


CASES = {
    "hub: {partitons: 4}": ("hub.partitons", "an unknown setting"),
    "hubs: {}": ("(file).hubs", "an unknown setting"),
    "hub: 7": ("hub", "a section"),
    "hub: {1: 2}": ("hub", "a section"),
    "hub: {partitions: 0}": ("hub.partitions", "from 1 to 1024"),
    "hub: {partitions: 1025}": ("hub.partitions", "from 1 to 1024"),
    "hub: {partitions: true}": ("hub.partitions", "a whole number"),
    "hub: {partitions: 4.5}": ("hub.partitions", "a whole number"),
    "hub: {partitions: '4'}": ("hub.partitions", "a whole number"),
    "hub: {workers: -1}": ("hub.workers", "from 0 to 64"),
    "hub: {workers: 65}": ("hub.workers", "from 0 to 64"),
    "hub: {batch: 0}": ("hub.batch", "from 1 to 5000"),
    "channels: {web: {system: shop, wants: stock}}": (
        "channels.web.wants",
        "available or on_hand",
    ),
    "hub: {backorders: loudest}": (
        "hub.backorders",
        "one of first_come, priority, smallest_first, channel_rank",
    ),
    "hub: {known_items_only: 'no'}": ("hub.known_items_only", "true or false"),
    "hub: {allow_unsafe_database: 1}": ("hub.allow_unsafe_database", "true or false"),
    "hub: {name: ''}": ("hub.name", "text"),
    "hub: {name: [a]}": ("hub.name", "text"),
    "hub: {listen: 8100}": ("hub.listen", "text"),
    "hub: {listen: localhost}": ("hub.listen", "host:port"),
    "hub: {listen: 'localhost:'}": ("hub.listen", "host:port"),
    "hub: {listen: ':80'}": ("hub.listen", "host:port"),
    "hub: {listen: 'localhost:65536'}": ("hub.listen", "host:port"),
    "hub: {listen: 'localhost:http'}": ("hub.listen", "host:port"),
    "database: {dsn: env:KEY}": ("database.dsn", "an unknown setting"),
    "database: {url: env:NOBODY}": ("database.url", "a set environment variable"),
    "database: {url: env:EMPTY}": ("database.url", "a set environment variable"),
    "database: {url: 'file:/no/such/file'}": ("database.url", "a readable file"),
    f"database: {{url: {SECRET}}}": ("database.url", "never the secret itself"),
    f"database: {{url: ['{SECRET}']}}": ("database.url", "never the secret itself"),
    f"database: ['{SECRET}']": ("database", "a section"),
    f"database: 'postgresql://hub:{SECRET}@db/hub'": ("database", "a section"),
    "systems: {x: {connector: ftp}}": ("systems.x.connector", "rest"),
    "systems: {hub: {}}": ("systems.hub", "not the hub's own"),
    "systems: {crossdock: {}}": ("systems.crossdock", "not the hub's own"),
    "systems: {x: {limits: {at_once: 0}}}": ("systems.x.limits.at_once", "from 1 to 64"),
    "systems: {x: {newest_only: [crossdock.order.released]}}": (
        "systems.x.newest_only",
        "crossdock.order.status_changed",
    ),
    "systems: {x: {limits: {per_second: 0}}}": ("systems.x.limits.per_second", "from 0.01 to"),
    "systems: {x: {limits: {per_second: yes}}}": ("systems.x.limits.per_second", "a number"),
    "systems: {x: {versions: {crossdock.order.released: 2}}}": (
        "systems.x.versions.crossdock.order.released",
        "a version told: 1",
    ),
    "systems: {x: {versions: {crossdock.order.placed: 1}}}": (
        "systems.x.versions",
        "a message type that is told",
    ),
    f"systems: {{x: {{inbound_key: {SECRET}}}}}": ("systems.x.inbound_key", "never the secret"),
    f"systems: {{x: {{credentials: {SECRET}}}}}": ("systems.x.credentials", "never the secret"),
    f"systems: {{x: {{url: 'http://x', credential: {SECRET}}}}}": (
        "systems.x.credential",
        "credentials: env:NAME",
    ),
    f"systems: [{{name: x, inbound_key: {SECRET}}}]": ("systems", "a section"),
    "systems: {x: {url: 'ftp://x'}}": ("systems.x.url", "http(s)://"),
    f"systems: {{x: {{url: 'https://me:{SECRET}@x'}}}}": ("systems.x.url", "without user"),
    "systems: {x: {url: 'http://x:port'}}": ("systems.x.url", "http(s)://"),
    "systems: {x: {url: 7}}": ("systems.x.url", "str"),
    "systems: {x: {timeout_seconds: 30}}": ("systems.x", "url"),
    "systems: {x: {url: 'http://x', timeout: 30}}": ("systems.x", "timeout"),
    "systems: {x: {url: 'http://x', timeout_seconds: 0}}": ("systems.x.timeout_seconds", "> 0"),
    "systems: {x: {url: 'http://x', operations: {default: {ability: magic}}}}": (
        "systems.x.operations[...].ability",
        "magic",
    ),
    "systems: {x: {url: 'http://x', operations: {crossdock.nothing.v1: {}}}}": (
        "systems.x.operations",
        "a message type of the catalogue",
    ),
    "sites: {EAST: {wms: nobody}}": ("sites.EAST.wms", "a system of this file"),
    "sites: {EAST: {system: east}}": ("sites.EAST.system", "an unknown setting"),
    "sites: {EAST: east}": ("sites.EAST", "a section"),
    "channels: {web: {system: nobody}}": ("channels.web.system", "a system of this file"),
    "channels: {web: {system: shop, sells_from: [NORTH]}}": (
        "channels.web.sells_from",
        "a site of this file",
    ),
    "channels: {web: {system: shop, sells_from: {EAST: 1}}}": (
        "channels.web.sells_from",
        "a list of names",
    ),
    "channels: {web: {system: shop, keep_back: -1}}": ("channels.web.keep_back", "from 0"),
    "channels: {web: {system: shop, site: EAST}}": ("channels.web.site", "an unknown setting"),
    "channels: {web: {system: shop, erp: east}}": ("channels.web.erp", "an unknown setting"),
    "sites: {EAST: {wms: east, erp: east}}": ("sites.EAST.erp", "one of wms"),
    "ownership: {weather: {owner: erp}}": ("ownership.weather", "one of "),
    "ownership: {'item weight': {owner: erp}}": ("ownership.item weight", "object[.field]"),
    "ownership: {Item: {owner: erp}}": ("ownership.Item", "object[.field]"),
    "ownership: {item.size: {owner: erp}}": ("ownership.item.size", "a field of item: "),
    "ownership: {item.item: {owner: erp}}": ("ownership.item.item", "a field of item: "),
    "ownership: {order.lines: {owner: crm}}": ("ownership.order.lines", "it has none"),
    "ownership: {order@packed: {owner: crm}}": ("ownership.order@packed", "captured, released"),
    "ownership: {item@released: {owner: erp}}": ("ownership.item@released", "it has none"),
    "ownership: {order/lost: {owner: crm}}": ("ownership.order/lost", "an event of order: "),
    "ownership: {stock at NORTH: {owner: erp}}": ("ownership.stock at NORTH", "EAST"),
    "ownership: {item at EAST: {owner: erp}}": ("ownership.item at EAST", "name none"),
    "ownership: {order via fax: {owner: crm}}": ("ownership.order via fax", "web"),
    "ownership: {item via web: {owner: erp}}": ("ownership.item via web", "have none"),
    "ownership: {item: {}}": ("ownership.item", "owner, publisher, consumers or on_violation"),
    "ownership: {item: {on_violation: shout}}": (
        "ownership.item.on_violation",
        "reject or hold or propose",
    ),
    "ownership: {item: {owner: 7}}": ("ownership.item.owner", "a name or a list"),
    "ownership: {item: {publisher: [erp]}}": ("ownership.item.publisher", "text"),
    "ownership: {item.status: {consumers: erp}}": (
        "ownership.item.status.consumers",
        "no consumers",
    ),
    "ownership: {order/placed: {owner: crm}, order/order.placed: {owner: erp}}": (
        "ownership.order/order.placed",
        "one row for one cell",
    ),
    "flows: {weather: {}}": ("flows.weather", "types or objects of the catalogue"),
    "flows: {goods: {messages: [weather]}}": ("flows.goods.messages", "a message type or an"),
    "flows: {goods: {messages: pick, model: magic}}": ("flows.goods.model", "batch or "),
    "flows: {pick: {criticality: high}}": ("flows.pick.criticality", "critical or normal"),
    "flows: {pick: {within: 60}}": ("flows.pick.within", "a length of time"),
    "flows: {pick: {every: 0s}}": ("flows.pick.every", "a length of time"),
    "flows: {pick: {enabled: 'no'}}": ("flows.pick.enabled", "true or false"),
    "flows: {pick: {speed: 1}}": ("flows.pick.speed", "an unknown setting"),
    "flows: {pick: {}, goods: {messages: [pick]}}": ("flows.goods.messages", "flows.pick"),
    "ownership: {item: {owners: erp}}": ("ownership.item.owners", "an unknown setting"),
    "ownership: {item: erp}": ("ownership.item", "a section"),
}


@pytest.mark.parametrize(("text", "expected"), CASES.items(), ids=CASES)
def test_a_problem_is_told_with_its_path(
    text: str, expected: tuple[str, str], tmp_path: Path
) -> None:
    """Where it is, and what was found or expected there; a secret never."""
    found = problems(f"{_without(text)}\n{text}\n", tmp_path)
    where, words = expected
    assert where in found, found
    assert words in found[where]


def _without(text: str) -> str:
    """The sound file, less the section that the text brings along."""
    section = text.partition(":")[0]
    kept = []
    inside = False
    for line in SOUND.splitlines():
        if line and not line.startswith(" "):
            inside = line.startswith(f"{section}:")
        if not inside:
            kept.append(line)
    return "\n".join(kept)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    """One reading of the file is enough to mend it."""
    found = problems(
        """
hub: {partitions: 0, listen: here, colour: red}
database: {url: secret}
systems: {erp: {url: "ftp://erp", limits: {at_once: 99}}, east: {inbound_key: env:NOBODY}}
sites: {EAST: {wms: nobody}}
channels: {web: {system: nobody, sells_from: [NORTH], keep_back: -1}}
ownership: {weather: {owner: erp}, item@shipped: {consumers: nobody}}
flows: {weather: {}}
more: 1
""",
        tmp_path,
    )
    assert set(found) >= {
        "(file).more",
        "hub.partitions",
        "hub.listen",
        "hub.colour",
        "database.url",
        "systems.erp.url",
        "systems.erp.limits.at_once",
        "systems.east.inbound_key",
        "sites.EAST.wms",
        "channels.web.system",
        "channels.web.sells_from",
        "channels.web.keep_back",
        "ownership.weather",
        "ownership.item@shipped",
        "flows.weather",
    }


def test_shipped_owners_that_the_house_lacks_stop_their_flows_only(tmp_path: Path) -> None:
    """A house without an ERP is read, and says who owns nothing; the rest of it runs."""
    settings = read(
        SOUND.replace('  erp: {url: "https://erp.example"', '  fin: {url: "https://x"'), tmp_path
    )
    assert {one.where for one in settings.findings()} >= {
        f"ownership.{name}" for name in ("item", "party", "site", "channel", "invoice")
    }
    stopped = settings.policy().stopped
    assert "the owner erp" in stopped["crossdock.item.changed.v1"]
    assert "crossdock.pick.confirmed.v1" not in stopped


def test_places_name_their_systems_by_role(tmp_path: Path) -> None:
    """Several ERPs, one per legal entity: the site or the channel says which (R37)."""
    text = SOUND.replace("{wms: east}", "{wms: east, erp: erp}").replace(
        "{system: shop,", "{system: shop, erp: crm,"
    )
    owned = "ownership: {receipt: {consumers: erp of site}, invoice: {owner: erp of channel}}\n"
    matrix = read(text + owned, tmp_path).policy().matrix
    assert matrix.consumers("receipt", "EAST") == ("erp",)
    assert matrix.owners("invoice", None, "web") == ("crm",)


def test_rows_may_be_narrowed(tmp_path: Path) -> None:
    """By field, stage, event, site and channel, in the spelling of the page."""
    text = (
        "ownership: {item.weight_grams: {owner: east, on_violation: hold},"
        " order@released/cancellation_requested via web: {owner: crm},"
        " stock at EAST: {publisher: erp}}\n"
    )
    rules = rules_of(SOUND + text, tmp_path)
    weight = rules["item.weight_grams"]
    assert (weight.owners, weight.on_violation) == (("east",), OnViolation.HOLD)
    assert rules["order@released/order.cancellation_requested via web"].owners == ("crm",)
    assert rules["stock at EAST"].publisher == "erp"


def test_flows_are_read(tmp_path: Path) -> None:
    """Those of the file, and for all other types one per object."""
    text = (
        "flows: {goods: {messages: [pick, crossdock.shipment.shipped.v1], model: event,"
        " criticality: critical, within: 2m}, item: {every: 15m, enabled: false}}\n"
    )
    settings = read(SOUND + text, tmp_path)
    goods, item = settings.flows["goods"], settings.flows["item"]
    assert {"crossdock.pick.confirmed.v1", "crossdock.shipment.shipped.v1"} <= set(goods.types)
    assert (goods.within_seconds, goods.criticality) == (120, Criticality.CRITICAL)
    assert (item.model, item.every_seconds, item.enabled) == (Model.BATCH, 900, False)
    assert "pick" not in settings.flows
    assert settings.flows["order"].model is Model.EVENT
    carried = [kind for flow in settings.flows.values() for kind in flow.types]
    assert sorted(carried) == sorted(CATALOGUE)
    assert settings.policy().stopped["crossdock.item.changed.v1"].endswith("flows.item.enabled")


@pytest.mark.parametrize(
    "text",
    [
        "hub: {batch: 1}\nhub: {batch: 2}\n",
        "hub: {batch: 1, batch: 1}\n",
        "hub: {7: 1, 7: 2}\n",
        "systems: {erp: {ids: own}, erp: {ids: own}}\n",
        "systems:\n  erp:\n    url: http://a\n    url: http://b\n",
    ],
)
def test_a_key_that_stands_twice_is_refused(text: str, tmp_path: Path) -> None:
    """At every depth; otherwise one of the two would be lost without a word."""
    [found] = problems(text, tmp_path).values()
    assert "stands twice" in found
    assert "line" in found


FAULTY = {
    "no YAML": b"hub: [",
    "no UTF-8": b"hub: {name: \xff}",
    "a list as a key": b"? [a, b]\n: c",
    "a date that is none": b"hub: {name: 2026-13-45}",
    "a number beyond all bounds": b"hub: {batch: " + b"9" * 5000 + b"}",
    "a tag of Python's": b"hub: !!python/object/apply:os.getpid []",
    "a hole without end": b"[" * 5000,
    "a control character": b"hub: {name: \x00}",
}


@pytest.mark.parametrize("text", FAULTY.values(), ids=FAULTY)
def test_a_file_that_is_no_configuration_is_one_problem(text: bytes, tmp_path: Path) -> None:
    """Whatever the parser says, the operator reads one sentence with the file's name."""
    [(where, found)] = problems(text, tmp_path).items()
    assert where == str(tmp_path / "crossdock.yaml")
    assert len(found) < 500


def test_a_fault_of_the_syntax_shows_no_line_of_the_file(tmp_path: Path) -> None:
    """The parser would quote the place, and a secret may stand there; line and column do."""
    [found] = problems(f"systems:\n  erp: {{inbound_key: '{SECRET}\n", tmp_path).values()
    assert "line 3" in found


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    """Named, with what the system says."""
    with pytest.raises(ConfigurationWrong) as refused:
        read_settings(tmp_path / "none.yaml", {})
    [problem] = refused.value.problems
    assert problem.where.endswith("none.yaml")


def test_an_empty_file_lacks_owners_only(tmp_path: Path) -> None:
    """It is a configuration with nothing in it, in which nothing flows that comes from outside."""
    settings = read("", tmp_path)
    assert all(one.where.startswith("ownership.") for one in settings.findings())
    # The decider asks who was asked; whoever keeps books may say what is in them.
    settled_by_anybody = ("proposal", "rate", "label", "control_total")
    inbound = {
        row.name
        for row in CATALOGUE.values()
        if row.inbound and row.entity not in settled_by_anybody
    }
    assert inbound <= set(settings.policy().stopped)


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    """Neither by the settings nor by any part of them."""
    settings = read(SOUND + "database: {url: env:KEY}\n", tmp_path)
    system = settings.systems["erp"]
    for shown in (settings, settings.database, system, system.reached, system.inbound_key):
        assert SECRET not in repr(shown)
        assert SECRET not in str(shown)
        assert SECRET not in f"{shown}"


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    """Its text without the blanks and line ends around it."""
    (tmp_path / "key").write_text(f"  {SECRET}\n")
    settings = read(SOUND.replace("env:KEY", f"'file:{tmp_path}/key'"), tmp_path)
    assert settings.systems["erp"].reached == RestSettings(
        url="https://erp.example", credential=SECRET
    )


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe" + SECRET.encode()])
def test_a_file_without_a_secret_is_a_problem(content: bytes, tmp_path: Path) -> None:
    """An empty key would let everybody in who shows none."""
    (tmp_path / "key").write_bytes(content)
    found = problems(SOUND.replace("env:OTHER", f"'file:{tmp_path}/key'"), tmp_path)
    assert set(found) == {"systems.erp.inbound_key"}


def test_a_credential_that_no_header_can_carry_is_a_problem(tmp_path: Path) -> None:
    """It is found before anything is sent, and named by its path."""
    broken = {**ENVIRONMENT, "KEY": f"{SECRET}\nmore"}
    with pytest.raises(ConfigurationWrong) as refused:
        read(SOUND, tmp_path, broken)
    assert [problem.where for problem in refused.value.problems] == ["systems.erp.credentials"]
    assert SECRET not in str(refused.value)


def test_two_systems_may_not_show_one_key(tmp_path: Path) -> None:
    """A key says who speaks; the second system to have it is named, the key is not."""
    text = (
        'systems:\n  erp: {inbound_key: "env:ONE"}\n  crm: {inbound_key: "env:TWO"}\nchannels: {}\n'
    )
    file = tmp_path / "crossdock.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationWrong) as refused:
        read_settings(file, {"ONE": "the same words", "TWO": "the same words"})
    assert [one.where for one in refused.value.problems] == ["systems.crm.inbound_key"]
    assert "the same words" not in str(refused.value)


def test_a_key_opens_the_least_unless_the_file_says_more(tmp_path: Path) -> None:
    """Scopes are named as the door names them; the file's word stands in place of the least."""
    settings = read(SOUND, tmp_path)
    assert {system.scopes for system in settings.systems.values()} == {LEAST}
    more = SOUND.replace("systems:\n", "systems:\n  till: {scopes: [read, 'stock:promise']}\n", 1)
    assert read(more, tmp_path).systems["till"].scopes == {Scope.READ, Scope.PROMISE}
    with pytest.raises(ConfigurationWrong) as wrong:
        read(more.replace("stock:promise", "public"), tmp_path)
    assert [problem.where for problem in wrong.value.problems] == ["systems.till.scopes"]
