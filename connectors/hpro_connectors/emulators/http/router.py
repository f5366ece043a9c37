"""Which handler answers which path: templates such as ``sobjects/{object}/{id}``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

Handler = TypeVar("Handler", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Match(Generic[Handler]):
    """What was found for a path.

    Attributes:
        handler: Of the method; ``None`` when the path is there, but not for this method.
        parts: What stood in the template's braces.
        methods: Those that the path is there for.
    """

    handler: Handler | None
    parts: Mapping[str, str]
    methods: tuple[str, ...]


class Router(Generic[Handler]):
    """Handlers by method and path. Templates that were added first are tried first."""

    def __init__(self) -> None:
        self._routes: list[tuple[re.Pattern[str], dict[str, Handler]]] = []

    def add(self, method: str, template: str, handler: Handler) -> None:
        """Say who answers.

        Args:
            method: ``GET`` and the like.
            template: A path without slashes at its ends; ``{name}`` stands for one part of it.
            handler: Who answers.
        """
        pattern = re.compile("".join(_piece(piece) for piece in re.split(r"(\{\w+\})", template)))
        for known, handlers in self._routes:
            if known.pattern == pattern.pattern:
                handlers[method] = handler
                return
        self._routes.append((pattern, {method: handler}))

    def find(self, method: str, path: str) -> Match[Handler] | None:
        """Look a path up.

        Args:
            method: ``GET`` and the like.
            path: Slashes at its ends do not matter.

        Returns:
            ``None`` when there is no such path.
        """
        path = path.strip("/")
        for pattern, handlers in self._routes:
            if found := pattern.fullmatch(path):
                return Match(handlers.get(method), found.groupdict(), tuple(sorted(handlers)))
        return None


def _piece(piece: str) -> str:
    return f"(?P<{piece[1:-1]}>[^/]+)" if piece.startswith("{") else re.escape(piece)
