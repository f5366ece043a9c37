"""A request and an answer of an emulator, apart from sockets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

JSON_TYPE = "application/json;charset=UTF-8"
HTML_TYPE = "text/html;charset=UTF-8"


class Headers(dict[str, str]):
    """Header values by name; names are compared without regard to case."""

    def __init__(self, values: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__((name.lower(), value) for name, value in values)

    def value(self, name: str, default: str = "") -> str:
        """The value of a header.

        Args:
            name: In any case.
            default: Where there is no such header.
        """
        return self.get(name.lower(), default)


@dataclass(frozen=True)
class Request:
    """What a client asked for.

    Attributes:
        method: ``GET`` and the like.
        target: Path and query as they came, still encoded.
        headers: Of the request.
        body: All of it; ``b""`` without one.
        number: Which request of this server it is, counted from 1.
    """

    method: str
    target: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    number: int = 0

    @cached_property
    def path(self) -> str:
        """The path without the query, decoded."""
        return unquote(urlsplit(self.target).path)

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The query, decoded; of a name that comes twice, the last one."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @cached_property
    def form(self) -> Mapping[str, str]:
        """The body as a form; of a name that comes twice, the last one."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def json(self) -> object:
        """The body as JSON.

        Raises:
            ValueError: It is not JSON.
        """
        return json.loads(self.body.decode("utf-8"))


@dataclass(slots=True)
class Response:
    """What a client is answered.

    Attributes:
        status: The HTTP status.
        body: All of it, or its parts one after the other.
        content_type: ``None`` sends none.
        headers: Further ones.
        length: Of a body in parts, in bytes; without it the parts are sent chunked.
    """

    status: int = 200
    body: bytes | Iterable[bytes] = b""
    content_type: str | None = JSON_TYPE
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None

    @classmethod
    def of_json(cls, value: object, status: int = 200) -> Self:
        """Answer JSON.

        Args:
            value: What JSON can hold.
            status: The HTTP status.
        """
        body = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return cls(status, body.encode("utf-8"))

    @classmethod
    def of_html(cls, words: str, status: int = 200) -> Self:
        """Answer a page for people.

        Args:
            words: What it says; no markup.
            status: The HTTP status.
        """
        page = f"<!DOCTYPE html>\n<html><head><title>{words}</title></head><body><h1>{words}</h1></body></html>\n"
        return cls(status, page.encode("utf-8"), HTML_TYPE)

    @classmethod
    def empty(cls, status: int = 204) -> Self:
        """Answer nothing but a status.

        Args:
            status: The HTTP status.
        """
        return cls(status, b"", None)

    @property
    def reason(self) -> str:
        """The words beside the status."""
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return "Unknown"

    def whole(self) -> bytes:
        """The body in one piece; parts are consumed."""
        if not isinstance(self.body, bytes):
            self.body = b"".join(self.body)
            self.length = None
        return self.body
