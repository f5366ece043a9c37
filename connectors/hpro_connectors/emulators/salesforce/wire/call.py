"""One call of the REST API: who asks for what, in which version; and how faults are answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hpro_connectors.emulators.http.messages import Request, Response
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was let in.

    Attributes:
        request: As it came.
        user_id: Who asks.
        version: Of the API, such as ``59.0``.
        parts: What the path holds, by name.
    """

    request: Request
    user_id: str
    version: str
    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """Where the resources of this version lie, without a slash at the end."""
        return f"/services/data/v{self.version}"

    def object_body(self) -> dict[str, object]:
        """The body as a JSON object.

        Raises:
            ApiFault: It is something else.
        """
        try:
            value = self.request.json()
        except ValueError:
            raise ApiFault(
                400, "JSON_PARSER_ERROR", "The HTTP entity body is required to be well-formed JSON"
            ) from None
        if not isinstance(value, dict):
            raise ApiFault(400, "JSON_PARSER_ERROR", "Cannot deserialize instance of object from this JSON")
        return value

    def query_value(self, name: str) -> str:
        """A value of the query.

        Args:
            name: Of the value.

        Raises:
            ApiFault: It is missing.
        """
        value = self.request.query.get(name)
        if value is None:
            raise ApiFault(400, "MISSING_ARGUMENT", f"{name} is a required parameter")
        return value


Resource = Callable[[Call], Response]
"""Answers calls."""


def faulty(fault: ApiFault) -> Response:
    """Answer with an error.

    Args:
        fault: What is wrong.
    """
    return Response.of_json(fault.body(), fault.status)


def error(status: int, code: str, message: str) -> Response:
    """An error's answer, for the fault script.

    Args:
        status: Of HTTP.
        code: The CRM's error code.
        message: The CRM's words.
    """
    return faulty(ApiFault(status, code, message))
