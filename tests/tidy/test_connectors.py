"""Every connector is under the contract: a folder without a contract class fails."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.tidy import scan

CONTRACTS = scan.ROOT / "tests" / "unit" / "connectors"


def under_contract(source: str) -> set[str]:
    """The connectors whose `KIND` a module puts under a class derived from `ConnectorContract`."""
    tree = ast.parse(source)
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    bases = {base.id for one in classes for base in one.bases if isinstance(base, ast.Name)}
    if "ConnectorContract" not in bases:
        return set()
    return {
        node.module.split(".")[2]
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("crossdock.connectors.")
        and any(alias.name == "KIND" for alias in node.names)
        and node.module is not None
    }


def proven(folder: Path) -> set[str]:
    """All connectors under the contract in the test modules of a folder."""
    return {
        name
        for path in folder.glob("test_*.py")
        for name in under_contract(path.read_text(encoding="utf-8"))
    }


def test_every_connector_has_a_contract_class() -> None:
    """Each folder but the kit; a contract of a connector that is gone must go as well."""
    present = scan.folders(scan.SOURCE / "connectors") - {"kit"}
    assert proven(CONTRACTS) == present


def test_a_folder_without_a_contract_class_is_found(tmp_path: Path) -> None:
    """A test module that only imports a connector proves nothing."""
    (tmp_path / "test_one.py").write_text("from crossdock.connectors.rest.client import KIND\n")
    (tmp_path / "test_two.py").write_text(
        "from crossdock.connectors.vendure.client import KIND\n"
        "class TestIt(ConnectorContract):\n    kind = KIND\n"
    )
    assert proven(tmp_path) == {"vendure"}
