"""The estate as a process of its own: it says where it listens, answers, and ends when told."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import msgspec
import pytest

from crossdock.estate.__main__ import main
from tests.estate.fake_hub import config_of


def test_it_starts_answers_and_stops(tmp_path: Path) -> None:
    """One line names the ports, each system tells its truth there, SIGTERM ends it well."""
    path = tmp_path / "estate.json"
    path.write_bytes(msgspec.json.encode(config_of("http://127.0.0.1:9")))
    command = [sys.executable, "-m", "crossdock.estate", "--config", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["ready"] is True
        assert set(ready["ports"]) == {"erp", "wms_east", "wms_west", "shop", "crm"}
        for name, port in ready["ports"].items():
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/truth?brief", timeout=5) as reply:
                assert json.load(reply)["system"] == name
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


def test_a_bad_configuration_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A configuration that makes no sense ends with status 2 and says where the fault is."""
    path = tmp_path / "estate.json"
    path.write_text('{"hub": "http://127.0.0.1:9", "systems": {"erp": {"kind": "bakery"}}}')
    assert main(["--config", str(path)]) == 2
    assert "bakery" in capsys.readouterr().err
