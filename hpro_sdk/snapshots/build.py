"""Training examples from the histories of leads: what was known at past moments, and what came of it.

A snapshot of the past is worthless once a single later fact is in it (the note "contract signed"), so every rule
here is the strict one: known means not after ``as_of``, and what cannot be told is left out.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from hpro_sdk.errors import ConfigError
from hpro_sdk.funnel import Funnel
from hpro_sdk.lead import Lead, LeadSnapshot, TrainingExample
from hpro_sdk.snapshots.cutoffs import VALID_SHARE, divide_cutoffs, to_utc
from hpro_sdk.snapshots.lead_history import FieldHistory, InteractionHistory
from hpro_sdk.snapshots.stage_history import StageHistory

logger = logging.getLogger(__name__)

LONGEST_HORIZON_DAYS = 36_500
"""A hundred years: more is a mistake in the unit."""


def build_snapshots(
    leads: Iterable[Lead],
    horizon_days: int,
    cutoffs: Sequence[datetime],
    *,
    funnel: Funnel,
    known_at_creation: Collection[str],
    known_until: datetime,
    valid_share: float = VALID_SHARE,
) -> list[TrainingExample]:
    """Give one training example per lead and cutoff at which the lead existed and was open.

    A snapshot shows interactions that had happened and were recorded by the cutoff, each with the newest text stored
    by then, or else the first one stored, and none that has no date at all; the stage by the stage changes, never
    today's; of the fields in ``known_at_creation`` the value at that moment; and of other fields what a recorded
    change of not later than that moment set. Any other field is left out.

    The outcome is that of the horizon, later than the cutoff and up to ``horizon_days`` after it: won when the lead
    was won at any time in it; lost when it stood at lost at its end; otherwise open. A snapshot whose horizon has
    not run out at ``known_until`` is dropped, converted or not: keeping only the early winners would be a leak.

    The cutoffs that have examples are divided by time into train, valid and test (about 70, 10 and 20 %,
    or as ``valid_share`` says). A group is
    the account, else the person, else the lead, by id; it belongs to the side of its first snapshot, and its
    snapshots on other sides are dropped, so that no side is chosen by how a lead ended.

    Args:
        leads: Today's records with their histories. Those without ``created_at`` are passed over and counted in
            the log, as are undated interactions.
        horizon_days: Days (of 24 hours) after the cutoff in which the outcome counts.
        cutoffs: Moments to look at the leads, with a time zone, in any order; see :func:`spaced_cutoffs`.
        funnel: Resolves stages, and says which are won and lost.
        known_at_creation: Fields that are filled in when a lead is created, and later change only as tracked.
        known_until: Until when the histories are complete: when they were read.
        valid_share: Share of the cutoffs that validate, above 0 and below 0.8.

    Returns:
        Examples by cutoff, then by lead key.

    Raises:
        ValueError: A datetime has no time zone.
        ConfigError: ``horizon_days`` is not 1 to 36,500, or there are no cutoffs.
        UnknownStageError: A stage change names a stage that is not part of the funnel.
    """
    if not 1 <= horizon_days <= LONGEST_HORIZON_DAYS:
        raise ConfigError(
            f"horizon_days is {horizon_days}.", hint=f"Give a whole number of days from 1 to {LONGEST_HORIZON_DAYS}."
        )
    moments = sorted({to_utc(cutoff, "the cutoff") for cutoff in cutoffs})
    if not moments:
        raise ConfigError("There are no cutoffs to take snapshots at.", hint="Give at least one past moment.")
    horizon = timedelta(days=horizon_days)
    until = to_utc(known_until, "known_until")
    finished = [moment for moment in moments if until - moment >= horizon]
    if len(finished) < len(moments):
        logger.info(
            "Cutoffs whose horizon has not run out are left out",
            extra={"event": "unfinished_horizons", "cutoffs": len(moments) - len(finished)},
        )
    names = frozenset(known_at_creation)
    examples: list[TrainingExample] = []
    without_end = undated = 0
    for lead in _usable(leads):
        stages = StageHistory(lead, funnel)
        without_end += stages.lacks_the_end
        interactions = InteractionHistory(lead)
        undated += interactions.undated
        examples.extend(_examples(lead, stages, interactions, finished, horizon, known_at_creation=names))
    if without_end:
        logger.warning(
            "Leads are won or lost today, and no stage change tells since when: they count as open",
            extra={"event": "leads_without_end", "leads": without_end},
        )
    if undated:
        logger.warning(
            "Interactions that say neither when they happened nor when they were recorded are in no past snapshot",
            extra={"event": "undated_interactions", "interactions": undated},
        )
    examples.sort(key=lambda example: (example.snapshot.as_of, example.snapshot.key))
    return _split(examples, valid_share)


def _usable(leads: Iterable[Lead]) -> Iterator[Lead]:
    skipped = 0
    for lead in leads:
        if lead.created_at is None:
            skipped += 1
        else:
            yield lead
    if skipped:
        logger.warning(
            "Leads without created_at make no training snapshots",
            extra={"event": "leads_without_created_at", "leads": skipped},
        )


def _examples(
    lead: Lead,
    stages: StageHistory,
    interactions: InteractionHistory,
    cutoffs: Sequence[datetime],
    horizon: timedelta,
    *,
    known_at_creation: Collection[str],
) -> Iterator[TrainingExample]:
    fields = FieldHistory(lead, known_at_creation)
    for cutoff in cutoffs:
        if lead.created_at is None or lead.created_at > cutoff or not stages.is_open_at(cutoff):
            continue
        stage, stage_entered_at = stages.stage_at(cutoff)
        yield TrainingExample(
            snapshot=LeadSnapshot(
                as_of=cutoff,
                org_id=lead.org_id,
                object_type=lead.object_type,
                lead_id=lead.lead_id,
                created_at=lead.created_at,
                stage=stage,
                stage_entered_at=stage_entered_at,
                fields=fields.at(cutoff),
                interactions=interactions.at(cutoff),
            ),
            outcome=stages.outcome(cutoff, cutoff + horizon),
            group=lead.account_id or lead.person_id or lead.lead_id,
            split="train",  # the side depends on all examples, and is filled in when they are known
        )


def _split(examples: Sequence[TrainingExample], valid_share: float) -> list[TrainingExample]:
    """Fill in the sides of examples in order of time, and drop those of a group whose side is another."""
    sides = divide_cutoffs(list({example.snapshot.as_of for example in examples}), valid_share)
    side_of_group: dict[str | None, str] = {}
    kept: list[TrainingExample] = []
    for example in examples:
        side = sides[example.snapshot.as_of]
        if side_of_group.setdefault(example.group, side) == side:
            kept.append(example.model_copy(update={"split": side}))
    if len(kept) < len(examples):
        logger.info(
            "Snapshots of groups that belong to an earlier side are left out",
            extra={"event": "snapshots_of_other_sides", "snapshots": len(examples) - len(kept)},
        )
    return kept
