"""Checks that stay on: `assert` vanishes under `python -O`, a broken promise must not."""

from __future__ import annotations

from crossdock.kernel.errors import InvariantBroken
from crossdock.kernel.redaction import shown


def require(condition: object, name: str, **evidence: object) -> None:
    """Raise `InvariantBroken` unless `condition` holds.

    `name` is the promise in words ("stock is conserved"); `evidence` are the values that break
    it, shown shortened and redacted. Build costly evidence only where the check may fail.
    """
    if not condition:
        details = ", ".join(f"{key}={shown(value, key)}" for key, value in evidence.items())
        raise InvariantBroken(name, found=details)
