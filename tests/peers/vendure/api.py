"""Vendure's two interfaces as a person's browser uses them: GraphQL with a bearer token."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import aiohttp

ADMIN_PASSWORD = "only-on-loopback"  # of the user superadmin


class ShopError(Exception):
    """The shop answered with errors."""


class Api:
    """One session with the admin or the shop interface."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._token: str | None = None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def __call__(self, query: str, **variables: Any) -> dict[str, Any]:
        """Ask; gives the data, with a union's error result raised like any other.

        Raises:
            ShopError: in the shop's words.
        """
        assert self._session is not None
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        async with self._session.post(
            self._url, json={"query": query, "variables": variables}, headers=headers
        ) as reply:
            self._token = reply.headers.get("vendure-auth-token", self._token)
            said = await reply.json()
        if said.get("errors"):
            raise ShopError(said["errors"])
        data: dict[str, Any] = said["data"]
        for value in data.values():
            if isinstance(value, dict) and value.get("errorCode"):
                raise ShopError(value)
        return data

    async def log_in(self, password: str = ADMIN_PASSWORD) -> None:
        """Become the superadmin."""
        await self(
            'mutation($p:String!){login(username:"superadmin",password:$p)'
            "{__typename ... on ErrorResult{errorCode message}}}",
            p=password,
        )
