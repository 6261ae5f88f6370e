"""Cards and settings: complete, described, and silent about secrets."""

from __future__ import annotations

import msgspec
import pytest

from crossdock.connectors.kit.card import describe
from crossdock.connectors.rest.card import CARD
from crossdock.connectors.rest.settings import Operation, RestSettings
from crossdock.contracts.connector import Ability
from tests.unit.connectors.far import SECRET

WRITTEN = {
    "url": "http://127.0.0.1:8101",
    "credential": SECRET,
    "batch_max": 500,
    "operations": {
        "crossdock.invoice.requested.v1": {
            "path": "/invoices",
            "ability": "keys",
            "look_up": "/effects/{key}",
        },
        "default": {"path": "/other", "ability": "neither"},
    },
}


def test_every_setting_is_described() -> None:
    """Each field has a summary for the manual, and what proves anybody is secret."""
    fields = describe(RestSettings)
    assert [field.name for field in fields if not field.summary] == []
    assert {field.name for field in fields if field.secret} == {
        "credential",
        "signing_secret",
        "signing_secret_before",
        "webhook_secret",
        "webhook_secret_before",
    }
    assert {field.name: field.unit for field in fields}["timeout_seconds"] == "seconds"
    assert [field.name for field in fields if field.required] == ["url"]


def test_settings_are_read_from_a_mapping() -> None:
    """A mapping as in the configuration file becomes typed settings."""
    settings = msgspec.convert(WRITTEN, RestSettings)
    assert settings.operation("crossdock.invoice.requested.v1") == Operation(
        path="/invoices", ability=Ability.KEYS, look_up="/effects/{key}"
    )
    assert settings.operation("crossdock.order.released.v1").path == "/other"


def test_what_nobody_configured_is_trusted_in_nothing() -> None:
    """Without any operation a type goes to /messages, and an unknown outcome goes to a person."""
    operation = RestSettings(url="http://127.0.0.1:1").operation("crossdock.order.released.v1")
    assert (operation.path, operation.ability) == ("/messages", Ability.NEITHER)


def test_secrets_are_never_shown() -> None:
    """No way to print the settings shows the credential."""
    settings = msgspec.convert(WRITTEN, RestSettings)
    shown = [repr(settings), str(settings), f"{settings}", str(list(settings.__rich_repr__()))]
    assert [text for text in shown if SECRET in text] == []
    assert "[redacted]" in repr(settings)


@pytest.mark.parametrize(
    "change",
    [
        {"batch_max": 0},
        {"timeout_seconds": 0},
        {"timeout_seconds": 601},
        {"surprise": 1},
        {"operations": {"default": {"path": "no-slash"}}},
        {"operations": {"default": {"path": "/a b"}}},
        {"operations": {"default": {"ability": "maybe"}}},
        {"operations": {"default": {"ability": "look_up"}}},
        {"operations": {"default": {"look_up": "/effects"}}},
        {"operations": {"default": {"look_up": "/{key}/{key}"}}},
    ],
)
def test_bad_settings_are_refused_without_showing_the_secret(change: dict[str, object]) -> None:
    """What cannot work is refused when it is read, and the refusal does not quote the secret."""
    with pytest.raises(msgspec.ValidationError) as refusal:
        msgspec.convert({**WRITTEN, **change}, RestSettings)
    assert SECRET not in str(refusal.value)


def test_the_card_is_complete() -> None:
    """The card names itself, says what it can and where its interface is described."""
    assert CARD.id == "rest"
    assert CARD.documentation.startswith("https://")
    assert CARD.limits.documents_per_request_max == 500
    assert CARD.capabilities
