"""Which kinds of far systems the hub can speak to: those that ship with it, and a house's own.

A house's own connector is a Python package that exports `KIND`; `systems.NAME.connector` names it
by the entry point under which it was installed (group `crossdock.connectors`), or by its module.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Final

from crossdock.connectors.files.client import KIND as FILES
from crossdock.connectors.kit.kind import Kind
from crossdock.connectors.rest.client import KIND as REST
from crossdock.connectors.tryton.client import KIND as TRYTON
from crossdock.connectors.vendure.client import KIND as VENDURE
from crossdock.kernel.errors import CrossdockError

GROUP: Final = "crossdock.connectors"

SHIPPED: Final = {kind.card.id: kind for kind in (FILES, REST, TRYTON, VENDURE)}


class UnknownConnector(CrossdockError):
    """There is no such connector, or it exports no `KIND`."""

    code = "unknown-connector"
    expects = f"{', '.join(SHIPPED)}, an installed connector, or a module that exports KIND"
    advice = "correct `connector` of this system; `crossdock connector list` shows what there is"


def installed() -> dict[str, str]:
    """The connectors that other packages brought: name -> where it is."""
    return {point.name: point.value for point in entry_points(group=GROUP)}


def kind_of(name: str) -> Kind:
    """The kind of far system of that name.

    Raises:
        UnknownConnector: nobody knows it, or what is known is no `Kind`.
    """
    if name in SHIPPED:
        return SHIPPED[name]
    module, _, attribute = installed().get(name, name).partition(":")
    try:
        found = getattr(import_module(module), attribute or "KIND")
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise UnknownConnector(found=f"{name}: {error}") from error
    if not isinstance(found, Kind):
        raise UnknownConnector(found=f"{name} exports a {type(found).__name__} as KIND")
    return found
