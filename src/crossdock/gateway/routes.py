"""Which paths there are, and what key opens each: a route without a scope does not start."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from crossdock.gateway.asgi import Reply, Request
from crossdock.gateway.errors import NotFound, WrongMethod
from crossdock.gateway.keys import Caller, Scope

Handler = Callable[[Request, Caller], Awaitable[Reply]]

_PARAMETER = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path; `{name}` is a part without a slash, at the end whatever follows."""

    method: str
    path: str
    scope: Scope | None
    handler: Handler
    summary: str
    writes: bool = False  # it makes the log grow: refused while the hub is short of something


class Routes:
    """The table of routes, checked when it is made."""

    def __init__(self, routes: Sequence[Route]) -> None:
        """Raises `ValueError` for a route without a scope, or one that stands twice."""
        self._exact: dict[str, dict[str, Route]] = {}
        self._shaped: list[tuple[re.Pattern[str], dict[str, Route]]] = []
        for route in routes:
            if not isinstance(route.scope, Scope):
                raise ValueError(f"{route.method} {route.path} declares no scope")
            methods = self._exact.setdefault(route.path, {})
            if route.method in methods:
                raise ValueError(f"{route.method} {route.path} stands twice")
            if not methods and "{" in route.path:
                self._shaped.append((_shape(route.path), methods))
            methods[route.method] = route
        self.all = tuple(routes)

    def find(self, request: Request) -> Route:
        """Return the request's route and set its parameters. Raises `NotFound`, `WrongMethod`."""
        methods = self._exact.get(request.path)
        if methods is None or "{" in request.path:
            methods = self._find_shaped(request)
        route = methods.get(request.method)
        if route is None:
            raise WrongMethod(expected=", ".join(sorted(methods)))
        return route

    def _find_shaped(self, request: Request) -> dict[str, Route]:
        for shape, methods in self._shaped:
            match = shape.match(request.path)
            if match is not None:
                request.parameters = match.groupdict()
                return methods
        raise NotFound


def _shape(path: str) -> re.Pattern[str]:
    """Turn a path with parameters into a pattern; linear, because parts are cut at slashes."""
    parts = []
    at = 0
    for match in _PARAMETER.finditer(path):
        any_rest = match.end() == len(path)
        parts += [re.escape(path[at : match.start()])]
        parts += [f"(?P<{match[1]}>{'.+' if any_rest else '[^/]+'})"]
        at = match.end()
    return re.compile(r"\A" + "".join(parts) + re.escape(path[at:]) + r"\Z", re.DOTALL)
