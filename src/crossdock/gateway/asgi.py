"""The words of ASGI, and one HTTP request and reply in them.

Bare ASGI instead of a framework's request objects: the route that takes messages is the hot one,
and the gateway needs no more of HTTP than what stands here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
ASGIApp = Callable[[Event, Receive, Send], Awaitable[None]]

JSON = "application/json"

# Answers are for the caller only, and nobody shall guess what kind of thing they are.
_ALWAYS = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


@dataclass(slots=True)
class Request:
    """One HTTP request; its body is still on the line."""

    method: str
    path: str
    headers: Sequence[tuple[bytes, bytes]]
    address: str  # of whoever is at the other end of the line; a proxy's, behind a proxy
    receive: Receive
    parameters: Mapping[str, str] = field(default_factory=dict)
    correlation_id: str = ""  # given when there is something to correlate

    def header(self, name: bytes) -> str:
        """Return a header's value, or "" where it is missing; several are joined by commas."""
        found = [value for key, value in self.headers if key == name]
        return b", ".join(found).decode("latin-1") if found else ""


@dataclass(slots=True)
class Reply:
    """What is answered, whole."""

    status: int
    body: bytes
    media_type: str = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


def request_of(scope: Event, receive: Receive) -> Request:
    """Read an ASGI scope of type "http"."""
    client = scope.get("client")
    return Request(
        method=scope["method"],
        path=scope["path"],
        headers=scope["headers"],
        address=client[0] if client else "",
        receive=receive,
    )


async def send_reply(send: Send, reply: Reply) -> None:
    """Send a reply, headers and body."""
    headers = [
        (b"content-type", reply.media_type.encode()),
        (b"content-length", str(len(reply.body)).encode()),
        *_ALWAYS,
        *reply.headers,
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
