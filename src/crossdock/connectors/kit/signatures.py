"""Whose webhook is this? Signatures over the raw bytes, theirs and ours, compared in constant time.

Source of the scheme: Standard Webhooks 1.0, "Signature scheme": HMAC-SHA256 over
`id.timestamp.body` with the bytes behind `whsec_`, base64, several signatures side by side while
a secret is changed; a timestamp more than five minutes off is not believed, so that what was
recorded cannot be played later.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from crossdock.contracts.feeds import NotBelieved

OFF_SECONDS_MAX: Final = 300
"""How far the sender's clock may be from ours."""

_SECRET_BYTES_MIN: Final = 16
_SCHEME: Final = re.compile(r"[a-z0-9]{1,8}=[^=]")
_ID, _TIME, _SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


def secret_bytes(secret: str) -> bytes:
    """The key of a secret as it is handed out (`whsec_...`); ValueError for one too short."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise ValueError("a webhook secret is base64, behind whsec_") from None
    if len(key) < _SECRET_BYTES_MIN:
        raise ValueError(f"a webhook secret holds {_SECRET_BYTES_MIN} bytes or more")
    return key


def signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """The signature of a message, as it stands in its header."""
    digest = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, "sha256")
    return f"v1,{base64.b64encode(digest).decode()}"


def headers(keys: Sequence[bytes], message_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """The headers of a message that is signed now, by each of the keys."""
    timestamp = str(int(now.timestamp()))
    shown = [signature(key, message_id, timestamp, body) for key in keys]
    return {_ID: message_id, _TIME: timestamp, _SIGNATURE: " ".join(shown)}


def check_body(keys: Sequence[bytes], header: str, headers: Mapping[str, str], body: bytes) -> None:
    """Believe a body whose HMAC-SHA256 stands in this header: hex or base64, `sha256=` before it.

    Nothing here says when it was sent: what is played again is absorbed by the log, by its id.

    Raises:
        NotBelieved: the header is missing, or nobody of ours signed the body.
    """
    # `sha256=`, or the name of a scheme (`v0=`); a base64 has its own = at the end only.
    shown = headers.get(header, "").strip()
    if _SCHEME.match(shown):
        shown = shown.partition("=")[2]
    if not shown:
        raise NotBelieved(f"{header} is needed")
    spelled = [one for key in keys for one in _spelled(hmac.digest(key, body, "sha256"))]
    # Every pair is compared, so that the time taken does not tell which was nearly right.
    matched = [hmac.compare_digest(one.encode(), shown.encode()) for one in spelled]
    if not any(matched):
        raise NotBelieved("no signature of ours")


def check_timed_body(
    keys: Sequence[bytes],
    header: str,
    time_header: str,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> None:
    """Believe a body signed together with its time, as `TIME.BODY`, if it is of this time.

    Raises:
        NotBelieved: a header is missing, the time is off, or nobody of ours signed it.
    """
    timestamp = headers.get(time_header, "")
    _of_this_time(time_header, timestamp, now)
    check_body(keys, header, headers, f"{timestamp}.".encode() + body)


def check(keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Give the message's id if one of the keys signed it and it is of this time.

    Raises:
        NotBelieved: a header is missing, the time is off, or nobody of ours signed it.
    """
    message_id, timestamp = headers.get(_ID, ""), headers.get(_TIME, "")
    if not message_id or not timestamp or _SIGNATURE not in headers:
        raise NotBelieved(f"{_ID}, {_TIME} and {_SIGNATURE} are needed")
    _of_this_time(_TIME, timestamp, now)
    shown = headers[_SIGNATURE].split(" ")
    # Every pair is compared, so that the time taken does not tell which was nearly right.
    matched = [
        hmac.compare_digest(signature(key, message_id, timestamp, body).encode(), one.encode())
        for key in keys
        for one in shown
    ]
    if not any(matched):
        raise NotBelieved("no signature of ours")
    return message_id


def _of_this_time(header: str, timestamp: str, now: datetime) -> None:
    """Refuse what was sent long ago, or is dated ahead; raises `NotBelieved`."""
    if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 12:
        raise NotBelieved(f"{header} is no number of seconds")
    if abs(int(timestamp) - now.timestamp()) > OFF_SECONDS_MAX:
        raise NotBelieved("clock: the message is not of this time")


def _spelled(digest: bytes) -> tuple[str, str]:
    return digest.hex(), base64.b64encode(digest).decode()
