"""Every setting is documented, and the documented configuration is one."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

from crossdock.connectors.rest.settings import Hook, Operation, RestFeed, RestSettings
from crossdock.runtime import (
    config,
    config_conditions,
    config_identity,
    config_limits,
    config_money,
    config_orders,
    config_ownership,
    config_policies,
    config_posting,
    config_recipes,
    config_schedules,
    config_sequences,
)
from crossdock.runtime.config import HubSettings, read_settings
from tests.docs.pages import DOCS, block, section, table_rows, text_of

PAGE = DOCS / "guides" / "configure.md"
SETTING = re.compile(r"`([a-z_]+(?:\.(?:\*\.)?[a-z_]+)?)`")


_REST = {
    name
    for struct in (RestSettings, Operation, RestFeed, Hook)
    for name in struct.__struct_fields__
    if name != "credential"
}
_READS = {"text", "number", "flag", "secret", "choice", "seconds"}


def documented() -> set[str]:
    """The settings that have a row of their own, the last part of each name."""
    rows = table_rows(text_of(PAGE))
    return {found[1].rpartition(".")[2] for row in rows if (found := SETTING.match(row[0]))}


def read_by_config() -> set[str]:
    """The names that the configuration's reader asks for, found in its code."""
    asked: set[str] = set()
    modules = (
        config,
        config_conditions,
        config_identity,
        config_money,
        config_limits,
        config_orders,
        config_ownership,
        config_policies,
        config_posting,
        config_sequences,
        config_recipes,
        config_schedules,
    )
    sources = "".join(map(inspect.getsource, modules))
    for node in ast.walk(ast.parse(sources)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in _READS and len(node.args) > 1:
                asked |= _texts(node.args[1])
            elif node.func.attr == "only":
                asked |= _texts(node.args[2])
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
            name = node.targets[0]
            if isinstance(name, ast.Name) and name.id in {"known", "ours", "_SECTIONS"}:
                asked |= _texts(node.value)
    return asked


def _texts(node: ast.AST) -> set[str]:
    return {
        one.value
        for one in ast.walk(node)
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    }


def test_every_setting_has_a_row() -> None:
    """What the reader asks for, and what the REST connector asks for, is in a table."""
    asked = read_by_config() - set(config._SECTIONS)
    asked |= _REST
    assert {"partitions", "inbound_key", "batch_max", "ability"} <= asked  # the look finds them
    assert sorted(asked - documented()) == []


def test_no_setting_is_made_up() -> None:
    """A row in a table of settings is a setting that somebody reads."""
    asked = read_by_config() | _REST
    roles = {"wms", "system"}
    assert sorted(documented() - asked - roles) == []


def test_every_section_is_told() -> None:
    """Each section of the file has a heading or stands in one."""
    headings = " ".join(re.findall(r"^## (.+)$", text_of(PAGE), re.MULTILINE))
    assert [name for name in config._SECTIONS if name not in headings] == []


def test_defaults_are_those_of_the_code() -> None:
    """The hub's defaults in the table are those that a file without them gets."""
    default = HubSettings()
    expected = {
        "name": default.name,
        "partitions": str(default.partitions),
        "listen": f"{default.host}:{default.port}",
        "data": str(default.data),
        "workers": str(default.workers),
        "batch": str(default.batch),
        "desks": str(default.desks),
        "known_items_only": str(default.known_items_only).lower(),
        "allow_unsafe_database": str(default.allow_unsafe_database).lower(),
        "backorders": default.backorders.value,
        "reservation_seconds": str(default.reservation_seconds),
    }
    rows = table_rows(section(PAGE, "hub"))[1:]
    assert {row[0].strip("`"): row[1].strip("`") for row in rows} == expected
    rest = RestSettings(url="http://127.0.0.1")
    said = {row[0].strip("`"): row[1] for row in table_rows(section(PAGE, "systems"))}
    for name in ("timeout_seconds", "batch_max", "connections_max"):
        assert float(said[name]) == getattr(rest, name)


def test_the_example_is_a_configuration(tmp_path: Path) -> None:
    """The complete example is read without a problem and names each setting of the hub."""
    file = tmp_path / "crossdock.yaml"
    text = block(PAGE, "settings").text
    for name in ("east", "shop"):
        (tmp_path / name).write_text(f"the key of {name}")
        text = text.replace(f"file:keys/{name}", f"file:{tmp_path}/{name}")
    file.write_text(text)
    secrets = {name: f"the secret {name}" for name in re.findall(r"env:(\w+)", text)}
    settings = read_settings(file, secrets)
    assert settings.hub.name == "harbor-supply"
    assert settings.channels["web"].keep_back == 2
    assert sorted(name for name in read_by_config() if f"{name}:" not in text) == []
