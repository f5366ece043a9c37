"""What Salesforce says about a failure: its code and words, taken out of whatever form an answer has."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass

from hpro_sdk.cli.redaction import mask_text

_MOST_CHARACTERS = 300
_BEFORE_THE_CAUSE = re.compile(r".*ERROR at Row:-?\d+:Column:-?\d+\s*", re.DOTALL)
_ADVICE = re.compile(r"\s*If you are attempting to use a custom .*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class VendorWords:
    """A failure in the CRM's words.

    Attributes:
        code: Such as ``INVALID_FIELD``; empty where the answer has none.
        message: One line, shortened, without what identifies a person.
        fields: The fields that it names.
    """

    code: str
    message: str
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" if self.code and self.message else self.code or self.message


def words_of(content: object) -> VendorWords:
    """Take code and message out of an answer's content.

    Args:
        content: As simple-salesforce gives it. REST answers with a list of objects that have ``errorCode`` and
            ``message``, OAuth with one object that has ``error`` and ``error_description``; of anything else, such as
            a page for people, nothing is repeated.
    """
    first = content[0] if isinstance(content, list) and content else content
    if not isinstance(first, Mapping):
        return VendorWords("", "")
    code = first.get("errorCode") or first.get("statusCode") or first.get("error") or ""
    message = first.get("message") or first.get("error_description") or ""
    fields = first.get("fields")
    named = tuple(str(name) for name in fields) if isinstance(fields, list) else ()
    return VendorWords(str(code)[:80], one_line(str(message)), named)


def one_line(message: str) -> str:
    """Give what a message says in one line: without the query that it quotes, and without what identifies a person.

    Args:
        message: The CRM's.
    """
    cause = _ADVICE.sub("", _BEFORE_THE_CAUSE.sub("", message))
    text = mask_text(" ".join(cause.split()), level=logging.INFO).rstrip(".")
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}..."
