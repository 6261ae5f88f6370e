"""`crossdock connector`: the kinds of far systems, one of them, a new one, and its proof."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import msgspec

from crossdock.connectors.kit import recording
from crossdock.connectors.kit.card import SettingField, describe
from crossdock.connectors.kit.kind import Kind
from crossdock.kernel.errors import CrossdockError
from crossdock.kernel.ports import Clock
from crossdock.runtime.certifying import Certifier, Verdict
from crossdock.runtime.clocks import SystemClock
from crossdock.runtime.config import SystemSettings, read_settings
from crossdock.runtime.connecting import SHIPPED, installed, kind_of
from crossdock.runtime.console import OK, UNSOUND, finish, say
from crossdock.runtime.scaffolding import scaffold


class NoSuchSystem(CrossdockError):
    """The configuration has no such system, or does not say how it is reached."""

    code = "no-such-system"
    advice = "name a system of crossdock.yaml that has the settings of its connector"


def list_all(*, as_json: bool = False) -> int:
    """One line per kind."""
    kinds = {**SHIPPED, **{name: kind_of(name) for name in installed()}}
    for name, kind in kinds.items():
        say(f"{name:12} {kind.card.label}: {kind.card.summary}")
    rows = [
        {
            "name": name,
            "label": kind.card.label,
            "summary": kind.card.summary,
            "capabilities": sorted(kind.card.capabilities),
            "shipped": name in SHIPPED,
        }
        for name, kind in kinds.items()
    ]
    finish({"connectors": rows}, as_json=as_json)
    return OK


def show(name: str, *, as_json: bool = False) -> int:
    """The card and the table of settings."""
    kind = kind_of(name)
    card, settings = kind.card, describe(kind.settings)
    say(f"{card.id}: {card.label}")
    say(card.summary)
    say(f"can       {', '.join(sorted(card.capabilities))}")
    say(f"limits    {card.limits.documents_per_request_max} documents a request")
    say(f"see       {card.documentation}")
    for told, ability in card.operations.items():
        say(f"tells     {told} (against doing it twice: {ability})")
    for one in settings:
        say(f"  {one.name:22} {in_words(one)}")
    finish(shown(kind), as_json=as_json)
    return OK


def shown(kind: Kind) -> dict[str, object]:
    """A kind for programs: its card and its settings."""
    card: dict[str, object] = msgspec.to_builtins(asdict(kind.card), order="deterministic")
    settings = [
        {**asdict(one), "default": None if one.required else default_of(one)}
        for one in describe(kind.settings)
    ]
    return {**card, "settings": settings}


def default_of(one: SettingField) -> str:
    """A default as it would stand in the file."""
    if one.default is None:
        return "" if one.required else "none"
    return msgspec.json.encode(one.default).decode()


def in_words(one: SettingField) -> str:
    """A setting on one line."""
    notes = [
        "required" if one.required else f"default {default_of(one)}",
        *([one.unit] if one.unit else []),
        *(["secret: env:NAME or file:PATH"] if one.secret else []),
    ]
    return f"{one.summary} ({', '.join(notes)})"


def new(name: str, folder: Path | None, *, as_json: bool = False) -> int:
    """Write the files of a connector."""
    made = scaffold(name, folder or Path(name))
    for path in made:
        say(str(path))
    finish({"files": [str(path) for path in made]}, as_json=as_json)
    return OK


def _record(
    file: Path, system: SystemSettings, clock: Clock, *, hide: Sequence[str], tell: bool
) -> None:
    """Take down what passes, and say what somebody has to look at before it is shown to anybody."""
    assert system.reached is not None
    taken = asyncio.run(recording.record(system.kind, system.reached, clock, hide=hide, tell=tell))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(recording.encode(taken))
    passed = sum(len(scene.exchanges) for scene in taken.scenes)
    say(f"recorded {passed} exchanges in {file}; read it before you keep it")


def certify(
    system: str,
    config: Path,
    *,
    tell: bool = False,
    record: Path | None = None,
    hide: Sequence[str] = (),
    as_json: bool = False,
) -> int:
    """Ask a live system; gives 1 where a promise is broken."""
    settings = read_settings(config)
    found = settings.systems.get(system)
    if found is None or found.reached is None:
        known = ", ".join(name for name, one in settings.systems.items() if one.reached is not None)
        raise NoSuchSystem(found=system, expected=known)
    clock = SystemClock()
    began = clock.monotonic()
    certifier = Certifier(found.kind, found.reached, clock, tell=tell)
    checked = asyncio.run(certifier.certify())
    seconds = round(clock.monotonic() - began, 3)
    for one in checked:
        say(f"{one.verdict:8} {one.check}" + (f": {one.words}" if one.words else ""))
    if record is not None:
        _record(record, found, clock, hide=hide, tell=tell)
    broken = [one for one in checked if one.verdict is Verdict.BROKEN]
    held = sum(one.verdict is Verdict.HOLDS for one in checked)
    say(f"{system} ({found.kind.card.label}): {held} promises hold, {len(broken)} are broken")
    report = {
        "system": system,
        "connector": found.kind.card.id,
        "ok": not broken,
        "checks": [asdict(one) for one in checked],
        "seconds": seconds,
    }
    finish(report, as_json=as_json)
    return UNSOUND if broken else OK
