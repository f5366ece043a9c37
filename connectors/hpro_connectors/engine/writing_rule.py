"""When a lead's fields are written: whenever what people act on changed, and not for every rank that moved by one.

The rule itself is decided within SQL, see :mod:`hpro_connectors.state.desired`; here are its numbers, and the part that
is said of ranks as a plain function, which tests hold the SQL to.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from hpro_connectors.engine.settings import PassSettings
from hpro_connectors.protocol import OrgDescription
from hpro_connectors.state.desired import WritingLimits

EXACT_RANKS: Final = 100
"""Ranks up to here are always exact in the CRM, as of the last pass."""

RANK_SHARE_PERCENT: Final = 10
"""A rank below that is written when it moved by more than this share of the last written one."""


def rank_moved(new: int | None, last: int | None) -> bool:
    """Decide whether a rank moved so far that it is written.

    Args:
        new: The rank now.
        last: The last written one.
    """
    if new is None or last is None:
        return new is not last
    if min(new, last) <= EXACT_RANKS:
        return new != last
    return 100 * abs(new - last) > RANK_SHARE_PERCENT * last


def limits_of(settings: PassSettings, description: OrgDescription, as_of: datetime) -> WritingLimits:
    """Give what counts as a difference in a pass.

    Args:
        settings: Epsilon, and when rows are written again.
        description: What the CRM says of its fields; refused rows are tried again when it changes.
        as_of: The server's clock when the pass began.
    """
    fields = tuple(sorted(description.fields, key=lambda field: field.name))  # CRMs promise no order
    told = description.model_copy(update={"fields": fields}).model_dump_json(
        include={"object_type", "fields", "stages"}
    )
    return WritingLimits(
        score_epsilon=settings.score_epsilon,
        exact_ranks=EXACT_RANKS,
        rank_share_percent=RANK_SHARE_PERCENT,
        written_before=as_of - settings.refresh_after,
        metadata_hash=hashlib.sha256(told.encode()).hexdigest(),
    )
