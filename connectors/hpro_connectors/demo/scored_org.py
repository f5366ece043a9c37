"""An org file, its state and a model together: passes over it, and what changed between two of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from hpro_connectors.demo.connector import DemoConnector
from hpro_connectors.demo.filling import set_clock
from hpro_connectors.demo.org import Org
from hpro_connectors.demo.queue_changes import QueueChanges, open_rank_scores, queue_changes
from hpro_connectors.engine import PassReport, PassSettings, Progress, run_pass
from hpro_connectors.engine.stages import StageNames
from hpro_connectors.errors import SafetyRailError
from hpro_connectors.protocol import FieldState, OrgDescription, OrgIdentity
from hpro_connectors.state import QueueRow, StateStore
from hpro_sdk.errors import ConfigError
from hpro_sdk.scoring.scorer import Scorer


@dataclass(frozen=True, slots=True)
class PassOutcome:
    """A pass and the list that people work by after it.

    Attributes:
        report: What the pass did.
        queue: All ranked leads, best first.
    """

    report: PassReport
    queue: tuple[QueueRow, ...]


@dataclass(frozen=True, slots=True)
class ScoredOrg:
    """An org that is ready for passes, see :func:`open_scored_org`.

    Attributes:
        org: Open for writing.
        identity: Which org it is.
        description: What it holds.
        store: Its state.
        connector: Of the org.
        scorer: A model that fits it.
    """

    org: Org
    identity: OrgIdentity
    description: OrgDescription
    store: StateStore
    connector: DemoConnector
    scorer: Scorer

    def run(self, progress: Progress | None = None) -> PassOutcome:
        """Run one pass; an org file has no index that lags, so everything up to its clock is read.

        Args:
            progress: Told of what is being done.

        Raises:
            HproError: As :func:`~hpro_connectors.engine.run_pass` does.
        """
        report = run_pass(self.connector, self.store, self.scorer, PassSettings(lag_s=0, rails=False), progress)
        return PassOutcome(report, tuple(self.store.queue()))

    def rank_scores(self) -> dict[str, float]:
        """Give the rank scores of all open leads, by lead id."""
        return open_rank_scores(self.store, self.identity, self.description)

    def changes(self, before: Sequence[QueueRow], after: Sequence[QueueRow]) -> QueueChanges:
        """Say what became of the list.

        Args:
            before: The list after an earlier pass.
            after: The list after the last pass.
        """
        return queue_changes(self.store, self.description, before, after)


@contextlib.contextmanager
def open_scored_org(org_path: Path, state_path: Path, scorer: Scorer) -> Iterator[ScoredOrg]:
    """Open an org file and its state for passes, and make the fields that scores are written to.

    Whatever does not fit is refused before anything is made or written. Where a state is made for an org whose latest
    records lie at the clock itself, such as the scores that another state wrote, the clock goes on by a second: a
    window ends before the clock, this one stands still, and they would never be read.

    Args:
        org_path: The org file.
        state_path: The state file; it is made where there is none.
        scorer: The model.

    Yields:
        The org, ready for passes.

    Raises:
        ModelFitError: The model is of another object or funnel.
        SafetyRailError: The state is of another org.
        ConfigError: A file is missing, or fields of the org stand against ours.
        ConnectorError: The org or the state cannot be read or written.
    """
    with Org.open(org_path) as org:
        connector = DemoConnector(org)
        identity, description = connector.identity(), connector.describe()
        require_fit(description, scorer)
        if state_path.exists():
            _require_state_of(state_path, identity, description.object_type)
        else:
            let_the_clock_pass_its_stamps(org)
        conflicts = [one for one in connector.ensure_fields() if one.state is FieldState.CONFLICT]
        if conflicts:
            raise ConfigError(
                f"The org {org_path} has a field {conflicts[0].name} that is not ours: {conflicts[0].detail}",
                hint="Rename it in the org.",
            )
        with StateStore.open(state_path) as store:
            yield ScoredOrg(org, identity, description, store, connector, scorer)


def _require_state_of(path: Path, identity: OrgIdentity, object_type: str) -> None:
    with StateStore.open(path, create=False) as store:
        try:
            store.check_org(identity, object_type)
        except SafetyRailError as exc:
            raise SafetyRailError(
                f"The state {path} is of another org than {identity.org_id}.",
                hint="Move it away: a new one is filled from the org.",
                connector=identity.vendor,
            ) from exc


def let_the_clock_pass_its_stamps(org: Org) -> None:
    """Move the clock on by a second where a lead was stamped at its very moment, as by a pass of another state.

    A window ends before the clock, and what lies at the clock is left to the next one. A real server's clock has gone
    on by then; this one stands still, so that no pass would ever read it.
    """
    with org.reading() as connection:
        found = connection.execute("SELECT 1 FROM lead, org WHERE lead.modified_at >= org.clock LIMIT 1").fetchone()
    if found is not None:
        set_clock(org, org.clock() + timedelta(seconds=1))


def require_fit(description: OrgDescription, scorer: Scorer) -> None:
    """Refuse a model that was made for another object or funnel.

    Args:
        description: Of the org.
        scorer: The model.

    Raises:
        ModelFitError: It does not fit.
    """
    StageNames(description, scorer.manifest)
