"""The contract of cards, settings and folders: complete, of one shape, silent about secrets."""

from __future__ import annotations

import ast
import re
from typing import Final

import msgspec
import pytest

from crossdock.connectors.kit.card import Capability, describe, secrets_of
from crossdock.connectors.kit.http import BadAddress
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.connector import Ability
from crossdock.testing.connectors.bench import ContractBase, Promise, feeds_of, played
from crossdock.testing.fakes.fake import Reply

FILES: Final = frozenset(
    {"__init__.py", "card.py", "client.py", "inbound.py", "outbound.py", "settings.py", "wire.py",
     "README.md"}
)  # fmt: skip
"""What every connector's folder holds."""

_AMBIENT: Final = re.compile(
    r"(time|random|secrets|uuid|os|socket|subprocess|threading)(\..*)?"
    r"|datetime\.(datetime|date)\.(now|utcnow|today)"
)
_SENDS: Final = re.compile(r"(aiohttp|asyncio|logging)(\..*)?|crossdock\.connectors\.kit\.http\..*")
_PURE: Final = ("card.py", "settings.py", "wire.py", "inbound.py", "outbound.py")
_CANARY: Final = "whsec_Y2FuYXJ5LTljNDEtbmV2ZXItc2hvd24="  # also a secret that can sign


class CardContract(ContractBase):
    """What its card, settings and files promise."""

    def test_the_card_says_who_they_are(self) -> None:
        """Id, label, summary, a page of theirs, limits; what it can do is what it does."""
        card = self.kind.card
        assert re.fullmatch(r"[a-z][a-z0-9_]*", card.id)
        assert card.label
        assert card.summary
        assert card.documentation.startswith("https://")
        assert card.limits.documents_per_request_max > 0
        assert card.limits.reply_bytes_max > 0
        capabilities = card.capabilities
        assert (Capability.SEND in capabilities) != self.lacking(Promise.SEND)
        assert (Capability.LOOK_UP in capabilities) != self.lacking(Promise.LOOK_UP)
        assert (Capability.RECEIVE in capabilities) != self.lacking(Promise.FEEDS)

    def test_the_card_says_what_each_operation_offers_against_doing_it_twice(self) -> None:
        """As the connector says it; of types that are in the catalogue."""

        async def scene() -> dict[str, Ability]:
            async with self.stage() as (_, connector):
                return {kind: connector.ability(kind) for kind in self.kind.card.operations}

        assert played(scene) == self.kind.card.operations
        assert set(self.kind.card.operations) <= set(CATALOGUE)
        if self.kind.card.operations:  # else it is as it is configured
            assert {one.type for one in self.told()} <= set(self.kind.card.operations)

    def test_what_it_lacks_has_a_reason_and_is_lacking(self) -> None:
        """Each lack is explained; none is declared of what is there."""
        assert all(reason.strip() for reason in self.lacks.values())

        async def scene() -> tuple[bool, set[Ability], int]:
            async with self.stage() as (_, connector):
                abilities = {connector.ability(one.type) for one in self.told()}
                return bool(feeds_of(connector)), abilities, connector.batch_max

        has_feeds, abilities, batch_max = played(scene)
        assert has_feeds != self.lacking(Promise.FEEDS)
        assert bool(self.told()) != self.lacking(Promise.SEND)
        if self.lacking(Promise.LOOK_UP):
            assert Ability.LOOK_UP not in abilities
        assert batch_max <= self.kind.card.limits.documents_per_request_max

    def test_every_setting_is_described(self) -> None:
        """A summary for the manual; seconds say so; what proves us is secret."""
        for field in describe(self.kind.settings):
            assert field.summary, field.name
            assert (field.unit == "seconds") == field.name.endswith("_seconds"), field.name
            if re.search(r"credential|password|secret|token|private", field.name):
                assert field.secret, field.name

    def test_settings_go_out_and_come_back(self) -> None:
        """Written as a mapping and read again they are the same."""
        settings = self._settings()
        again = msgspec.convert(msgspec.to_builtins(settings), self.kind.settings)
        assert again == settings

    def test_a_setting_that_nobody_knows_is_refused(self) -> None:
        """A typing error must not switch something off silently."""
        given = self.fake().settings() | {"surprise": 1}
        with pytest.raises(msgspec.ValidationError, match="surprise"):
            msgspec.convert(given, self.kind.settings)

    def test_secrets_are_never_shown(self) -> None:
        """Not by settings, not by the connector, not by an answer that says them back."""
        names = secrets_of(self.kind.settings)
        secrets = dict.fromkeys(names, _CANARY)

        async def scene() -> list[str]:
            async with self.stage(**secrets) as (fake, connector):
                fake.weather = lambda _: Reply(400, {"detail": f"you said {_CANARY}"})
                answers = await connector.send(self.told()[:1]) if self.told() else []
                settings = fake.settings() | secrets
                shown = msgspec.convert(settings, self.kind.settings)
                return [repr(shown), str(shown), repr(connector), repr(answers)]

        assert [text for text in played(scene) if _CANARY in text] == []

    def test_the_folder_is_of_the_common_shape(self) -> None:
        """The same files everywhere, and beside them only what was declared."""
        folder = self.folder()
        found = {path.name for path in folder.iterdir() if path.suffix in (".py", ".md")}
        assert found == FILES | self.more_files
        assert any((folder / "golden").iterdir())

    def test_time_and_chance_come_from_ports(self) -> None:
        """No file of the folder asks a clock, draws a number, or reads the environment."""
        found = [
            f"{path.name}:{line} {name}"
            for path in sorted(self.folder().glob("*.py"))
            for line, name in _used(path.read_text(encoding="utf-8"))
            if _AMBIENT.fullmatch(name)
        ]
        assert found == []

    def test_mappings_neither_send_nor_log(self) -> None:
        """Card, settings, wire, inbound and outbound know no client, no loop and no log."""
        found = [
            f"{name}:{line} {used}"
            for name in _PURE
            for line, used in _used((self.folder() / name).read_text(encoding="utf-8"))
            if _SENDS.fullmatch(used) and not used.endswith((".quoted", ".Reply", ".NoReply"))
        ]
        assert found == []

    def test_an_address_with_a_secret_in_it_is_refused(self) -> None:
        """Where there is an address: a user in it would be sent, and shown, by everybody."""
        url = self.fake().settings().get("url")
        if url is not None:
            given = self.fake().settings() | {"url": "http://user:canary@127.0.0.1/"}
            with pytest.raises(BadAddress) as refused:
                self.kind.connect(msgspec.convert(given, self.kind.settings))
            assert "canary" not in str(refused.value)

    def _settings(self) -> msgspec.Struct:
        return msgspec.convert(self.fake().settings(), self.kind.settings)


def _used(source: str) -> list[tuple[int, str]]:
    """Every imported name and every dotted use of one, with its line."""
    tree = ast.parse(source)
    known: dict[str, str] = {}
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                known[alias.asname or alias.name] = alias.name
                found.append((node.lineno, alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                found.append((node.lineno, f"{node.module}.{alias.name}"))
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=used) if name in known:
                found.append((node.lineno, f"{known[name]}.{used}"))
    return found
