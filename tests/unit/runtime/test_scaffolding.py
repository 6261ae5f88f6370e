"""The files of a new connector: named as it is, whole, and never over somebody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.runtime.scaffolding import BadConnectorName, FolderThere, scaffold
from crossdock.testing.connectors.cards import FILES


def test_a_new_connector_has_every_file_of_the_shape(tmp_path: Path) -> None:
    """And no word of the template is left in name or text."""
    made = scaffold("acme_wms", tmp_path / "new")
    package = {path.name for path in made if path.parent.name == "acme_wms"}
    assert package == FILES
    assert all(path.is_file() for path in made)
    for path in made:
        text = path.read_text()
        assert "new_system" not in f"{path}{text}".lower()
        assert "newsystem" not in text.lower()


@pytest.mark.parametrize("name", ["", "Acme", "acme-wms", "1acme", "acme__wms", "../acme", "a b"])
def test_what_is_no_name_of_a_package_is_refused(tmp_path: Path, name: str) -> None:
    """Nothing is written."""
    with pytest.raises(BadConnectorName):
        scaffold(name, tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    """Whatever it holds."""
    (tmp_path / "mine.py").write_text("mine")
    with pytest.raises(FolderThere):
        scaffold("acme", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]
