"""What the configuration says, as the engine and the calls understand it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from hpro_connectors.calls import CallPolicy
from hpro_connectors.config import CrmConfig, HproConfig
from hpro_connectors.engine import PassSettings, Stage
from hpro_connectors.engine.settings import ALL_STAGES
from hpro_connectors.orgs.connecting import has_lagging_index


def pass_settings_of(
    config: HproConfig,
    crm: CrmConfig,
    *,
    stop: Callable[[], bool],
    stages: frozenset[Stage] = ALL_STAGES,
    dry_run: bool = False,
    confirm_missing: bool = False,
) -> PassSettings:
    """Give the settings of a pass.

    Args:
        config: The configuration.
        crm: The CRM.
        stop: Says when the pass shall end early.
        stages: What is done.
        dry_run: Whether nothing is written.
        confirm_missing: Whether a person confirms that many leads are gone.
    """
    sync, writing, days = config.sync, config.writing, config.privacy.retention_days
    return PassSettings(
        stages=stages,
        lag_s=sync.lag_s if has_lagging_index(crm) else 0.0,
        overlap_s=sync.overlap_s,
        reconcile_after=timedelta(days=sync.reconcile_every_days),
        reconcile_after_outage=timedelta(days=sync.reconcile_after_outage_days),
        max_missing_percent=sync.max_missing_percent,
        confirm_missing=confirm_missing,
        retention=None if days is None else timedelta(days=days),
        exclude_field=crm.exclude_name,
        band_margin=writing.band_margin,
        score_epsilon=writing.score_epsilon,
        refresh_after=timedelta(days=writing.refresh_days),
        write_batch=writing.batch_rows,
        max_attempts=writing.max_attempts,
        max_band_change_percent=writing.max_band_change_percent,
        dry_run=dry_run,
        stop=stop,
    )


def call_policy_of(config: HproConfig, crm: CrmConfig) -> CallPolicy:
    """Give how a CRM is called; an org file needs no pace.

    Args:
        config: The configuration.
        crm: The CRM.
    """
    budget = config.budget
    return CallPolicy(
        max_tries=budget.max_tries,
        calls_per_second=budget.calls_per_second if has_lagging_index(crm) else None,
        burst=budget.burst,
        stop_at_percent=budget.stop_at_percent,
        run_percent=budget.run_percent,
        breaker_failures=budget.breaker_failures,
        breaker_pause_s=budget.breaker_pause_s,
    )
