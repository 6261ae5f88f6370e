"""`crossdock contracts --check`: sound is 0; a bad name, a break and a stale page are each said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crossdock.contracts.catalogue import ORDER_PLACED
from crossdock.gateway import documents
from crossdock.runtime.commands import contracts
from crossdock.runtime.console import OK, UNSOUND
from tests.docs.pages import ROOT


def checked(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    """The exit code and the JSON object of a check against a folder."""
    code = contracts.run(None, folder, check=True, as_json=True)
    return code, json.loads(capsys.readouterr().out.splitlines()[-1])


def test_what_is_committed_is_sound(capsys: pytest.CaptureFixture[str]) -> None:
    """The published contracts of this repository are those of its code."""
    code, found = checked(ROOT / "docs" / "reference", capsys)
    assert (code, found) == (OK, {"rules": [], "broken": [], "stale": []})


def test_a_break_and_a_stale_page_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By rule and place; and by path."""
    contracts.run(tmp_path, None, check=False, as_json=False)
    (tmp_path / "contracts" / "order.md").write_text("old")
    path = tmp_path / "schemas" / f"{ORDER_PLACED}.json"
    published = json.loads(path.read_text())
    published["properties"]["discount"] = {"type": "integer"}
    path.write_text(json.dumps(published))
    code, found = checked(tmp_path, capsys)
    assert code == UNSOUND
    [broken] = found["broken"]
    assert (broken["rule"], broken["where"]) == ("field-gone", f"{ORDER_PLACED} $.discount")
    assert found["stale"] == ["contracts/order.md", f"schemas/{ORDER_PLACED}.json"]


def test_a_bad_name_is_said_and_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither checked as sound nor published."""
    documents.write_documents(tmp_path)
    for module in (contracts, documents):
        monkeypatch.setattr(module, "contract_problems", lambda: ["item.changed: not a name"])
    code, found = checked(tmp_path, capsys)
    assert (code, found["rules"]) == (UNSOUND, ["item.changed: not a name"])
    with pytest.raises(documents.BadContract):
        contracts.run(tmp_path, None, check=False, as_json=False)


def test_nothing_to_compare_with_is_an_error(tmp_path: Path) -> None:
    """It is never taken for sound."""
    with pytest.raises(contracts.NothingPublished):
        contracts.run(None, tmp_path, check=True, as_json=False)
