"""What `hpro demo` does: one step after the other, each with its result."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hpro_connectors.cli.model_choice import choose_model, require_company_model
from hpro_connectors.cli.pass_bars import pass_bars
from hpro_connectors.cli.picture import StageScores, scores_by_stage
from hpro_connectors.cli.places import Places
from hpro_connectors.demo.closeness import Closeness, how_close
from hpro_connectors.demo.demo_ids import DEMO_ORG_IDS
from hpro_connectors.demo.earlier_demo import remove_states, require_replaceable
from hpro_connectors.demo.generated_org import advance, create_generated_org, define_generated_org, simulated_org
from hpro_connectors.demo.org import Org
from hpro_connectors.demo.queue_changes import QueueChanges
from hpro_connectors.demo.scored_org import PassOutcome, ScoredOrg, open_scored_org, require_fit
from hpro_connectors.demo.simulation import YEAR_DAYS, Simulation
from hpro_connectors.demo.simulator.companies import COMPANIES
from hpro_connectors.protocol import OrgIdentity
from hpro_sdk.cli.output import progress
from hpro_sdk.errors import ConfigError
from hpro_sdk.evaluation import load_scorer
from hpro_sdk.lead import OutcomeResult


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What a demo of a simulated company is told.

    Attributes:
        company: Its kind.
        leads: That arrive in a year.
        seed: Of the company.
        days: That pass between the passes.
        model: That a person named.
        demo_model: Whether a person asked for the bundled model.
        train: Whether a model is trained on the org's own history; ``None``: where that can be done, and no model was
            named.
        train_minutes: Of that training at most.
    """

    company: str
    leads: int
    seed: int
    days: int
    model: Path | None
    demo_model: bool
    train: bool | None = None
    train_minutes: float = 4.0


@dataclass(frozen=True, slots=True)
class PassStep:
    """A pass was run.

    Attributes:
        number: From 1 on, in a demo of three passes; ``None`` for a pass over an org as it is.
        identity: Of the org.
        outcome: The pass and the list after it.
        stages: How the scores lie.
        changes: Against the pass before; ``None`` after the first one.
        days: That passed since the pass before.
        calls: Requests that the CRM got, by what they were for; ``None`` where it is a file.
    """

    number: int | None
    identity: OrgIdentity
    outcome: PassOutcome
    stages: list[StageScores]
    changes: QueueChanges | None
    days: int
    calls: dict[str, int] | None = None


@dataclass(frozen=True, slots=True)
class ClosenessStep:
    """The ranking was compared with the best possible one; ``None`` when too few leads are open."""

    closeness: Closeness | None


Step = PassStep | ClosenessStep


def run_demo(places: Places, options: DemoOptions) -> Iterator[Step]:
    """Make a simulated company's org, score it, let days go on and score it twice more.

    Args:
        places: Where org and state shall be; those of an earlier demo are replaced.
        options: Which company, and how many days.

    Yields:
        The three passes, then how close the ranking comes to the best.

    Raises:
        ConfigError: There is no model for this company, or other files stand in the way.
        ModelFitError: The model is of another funnel.
        HproError: The org or the state cannot be made, read or written.
    """
    require_company_model(options.company, options.model)
    scorer = load_scorer(choose_model(DEMO_ORG_IDS[options.company], options.model, demo_model=options.demo_model))
    kind = COMPANIES[options.company]
    simulation = Simulation(kind, options.seed, leads_per_year=options.leads, reserved_phrases=True)
    require_fit(define_generated_org(simulation).description(), scorer)
    require_replaceable(*places)
    _make_org(places, options)
    with open_scored_org(*places, scorer) as scored:
        first = _pass(scored, 1)
        yield first
        with progress("Simulating days", total=options.days) as told:
            advance(scored.org, options.days, told)
        second = _pass(scored, 2, first, options.days)
        yield second
        yield _pass(scored, 3, second)
        day = simulated_org(scored.org).day
        with progress("Comparing with the best possible", total=simulation.lead_count(day)) as told:
            closeness = how_close(simulation, day, scored.rank_scores(), told)
        yield ClosenessStep(closeness)


def make_org(places: Places, options: DemoOptions) -> None:
    """Make a simulated company's org, and leave it as it is; it needs no model.

    Args:
        places: Where the org shall be, and the state of an earlier demo, which goes.
        options: Which company.

    Raises:
        ConfigError: Other files stand in the way.
        HproError: The org cannot be made.
    """
    require_replaceable(*places)
    _make_org(places, options)


def _make_org(places: Places, options: DemoOptions) -> None:
    with making_folder(places.org.parent):
        with progress("Simulating a year, in days", total=YEAR_DAYS) as told:
            create_generated_org(places.org, COMPANIES[options.company], options.seed, options.leads, told)
        remove_states(*places)


def advance_org(path: Path, days: int) -> datetime:
    """Let days go by in the org of a simulated company; nothing is scored.

    Args:
        path: The org file.
        days: How many.

    Returns:
        Where its clock stands now.

    Raises:
        ConfigError: There is no such org, or no simulator made it.
    """
    with Org.open(path) as org, progress("Simulating days", total=days) as told:
        advance(org, days, told)
        return org.clock()


def run_on_org(places: Places, model: Path | None, *, demo_model: bool) -> Iterator[Step]:
    """Score an org as it is, by one pass.

    Args:
        places: The org, and where its state is or shall be.
        model: That a person named.
        demo_model: Whether a person asked for the bundled model.

    Yields:
        The pass.

    Raises:
        ConfigError: There is no such org, or no model for it.
        ModelFitError: The model is of another object or funnel.
        HproError: The org or the state cannot be read or written.
    """
    with Org.open(places.org, writable=False) as org:
        org_id = org.definition().org_id
    scorer = load_scorer(choose_model(org_id, model, demo_model=demo_model))
    with open_scored_org(*places, scorer) as scored:
        yield _pass(scored, None)


def _pass(scored: ScoredOrg, number: int | None, before: PassStep | None = None, days: int = 0) -> PassStep:
    with pass_bars() as listener:
        outcome = scored.run(listener)
    changes = None if before is None else scored.changes(before.outcome.queue, outcome.queue)
    open_stages = [stage.name for stage in scored.description.stages if stage.result is OutcomeResult.OPEN]
    return PassStep(number, scored.identity, outcome, scores_by_stage(outcome.queue, open_stages), changes, days)


@contextlib.contextmanager
def making_folder(folder: Path) -> Iterator[None]:
    """Make a folder where there is none; it goes again when the body raises.

    Args:
        folder: The folder.

    Raises:
        ConfigError: It is a file, or cannot be made.
    """
    try:
        folder.mkdir()
        made = True
    except FileExistsError:
        made = False
        if not folder.is_dir():
            raise ConfigError(f"{folder} is a file, not a folder.", hint="Name another folder with --dir.") from None
    except OSError as exc:
        raise ConfigError(
            f"The folder {folder} cannot be made: {exc.strerror}.", hint="Name another folder with --dir."
        ) from exc
    try:
        yield
    except BaseException:
        if made:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise
