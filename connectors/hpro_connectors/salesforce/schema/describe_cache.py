"""The description of an org, kept from one process to the next: a pass every few minutes pays no describe calls."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from hpro_connectors.salesforce.schema.crm_schema import CrmSchema
from hpro_connectors.salesforce.settings import SalesforceSettings
from hpro_sdk._files import write_private
from hpro_sdk.errors import HproError

_LAYOUT: Final = 2
_DESCRIBES: Final = frozenset({"scored_object", "stage_field", "interactions", "outcome"})

_LOGGER = logging.getLogger(__name__)


class DescribeCache:
    """Keeps one description in a file that only its owner can read.

    A file that cannot be read, is of another org, user, version or setting, or is too old, counts as none; one that
    cannot be written is done without.

    Args:
        path: The file; ``None``: nothing is kept.
        hours: How long a description is used.
    """

    def __init__(self, path: Path | None, hours: float) -> None:
        self._path = path
        self._lifetime = timedelta(hours=hours)

    def load(self, org_id: str, made_for: str, now: datetime) -> CrmSchema | None:
        """Give the kept description.

        Args:
            org_id: Of the org that is signed in to.
            made_for: What it must have been made for.
            now: The server's clock.
        """
        if self._path is None:
            return None
        try:
            kept = CrmSchema.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            return None
        if (kept.org_id, kept.made_for) != (org_id, made_for):
            return None
        return kept if self.is_fresh(kept, now) else None

    def is_fresh(self, schema: CrmSchema, now: datetime) -> bool:
        """Whether a description may still be used; one of the future is not."""
        return timedelta(0) <= now - schema.described_at < self._lifetime

    def store(self, schema: CrmSchema) -> None:
        """Keep a description; what stood there before stays until the new one is whole."""
        if self._path is None:
            return
        try:
            write_private(self._path, schema.model_dump_json())
        except HproError as exc:
            extra = {"path": str(self._path), "error": type(exc).__name__}
            _LOGGER.warning("the description of the org cannot be kept", extra=extra)

    def forget(self) -> None:
        """Have the next process describe the org anew."""
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)


def fingerprint(settings: SalesforceSettings, user: str = "") -> str:
    """Give what a description is made for: it does not outlive a change of what was described, or of the user.

    Args:
        settings: What is read.
        user: Who is signed in.
    """
    told = {one.name: getattr(settings, one.name) for one in fields(settings) if one.name in _DESCRIBES}
    text = json.dumps([_LAYOUT, user, told], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
