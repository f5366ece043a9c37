"""What `hpro demo --crm salesforce` does: the demo's three passes over an emulated Salesforce, on the wire."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from hpro_connectors.cli.demo_run import ClosenessStep, DemoOptions, PassStep, Step, making_folder
from hpro_connectors.cli.model_choice import choose_model, require_company_model
from hpro_connectors.cli.pass_bars import pass_bars
from hpro_connectors.cli.picture import scores_by_stage
from hpro_connectors.config import BudgetConfig, CrmConfig, HproConfig, SalesforceCrm
from hpro_connectors.demo.closeness import how_close
from hpro_connectors.demo.demo_ids import SALESFORCE_DEMO_ORG_IDS
from hpro_connectors.demo.earlier_demo import remove_state, require_replaceable_state
from hpro_connectors.demo.generated_org import define_generated_org
from hpro_connectors.demo.queue_changes import open_rank_scores, queue_changes
from hpro_connectors.demo.scored_org import PassOutcome, require_fit
from hpro_connectors.demo.simulation import START, YEAR_DAYS, Simulation
from hpro_connectors.demo.simulator.companies import COMPANIES
from hpro_connectors.demo.simulator.life import LOST
from hpro_connectors.emulators.http.journal import JournalEntry
from hpro_connectors.emulators.salesforce.company.demo_org import SalesforceDemo, make_demo_org
from hpro_connectors.emulators.salesforce.company.demo_schema import prompt_names
from hpro_connectors.emulators.salesforce.company.simulated_ids import simulated_lead_id
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.engine import run_pass
from hpro_connectors.orgs import pass_settings_of, working_org
from hpro_connectors.orgs.salesforce import settings_of
from hpro_connectors.salesforce.client.connection import API_VERSION
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.installing import AdminSession, install, user_of_id
from hpro_connectors.salesforce.settings import ScoredObjectName
from hpro_sdk.cli.output import progress
from hpro_sdk.evaluation import load_scorer
from hpro_sdk.lead import OutcomeResult
from hpro_sdk.scoring.scorer import Scorer

# In the last minutes of a day the simulated people do nothing. So no age in a prompt crosses an edge between a pass at
# that time and one a few minutes later, and what such a pass scores is what changed.
QUIET = timedelta(minutes=40)
_BEFORE_A_PASS = timedelta(minutes=5)  # more than the lag: what happened until the quiet minutes is read
_UNTIL_THE_LAST_PASS = timedelta(minutes=15)  # what the pass before wrote is read back within the overlap
_PURPOSES = {
    "sign-in": re.compile(r"^/services/oauth2/"),
    "describe": re.compile(r"/describe/?$"),
    "bulk query": re.compile(r"/jobs/query"),
    "query": re.compile(r"/query(?:All)?(?:/|$)"),
    "deletions": re.compile(r"/deleted/?$"),
    "write": re.compile(r"/composite/|/jobs/ingest"),
}
_NAME = "main"
_DOMAIN = "hpro-emulator.my"
_MODELS = "models-salesforce"
_CALLS_PER_SECOND = 200.0


def run_salesforce_demo(state: Path, options: DemoOptions) -> Iterator[Step]:
    """Make a simulated company's Salesforce, score it, let days go on and score it twice more.

    Args:
        state: Where the state shall be; that of an earlier demo is replaced.
        options: Which company, and how many days.

    Yields:
        The three passes, each with the calls it took, then how close the ranking comes to the best.

    Raises:
        ConfigError: There is no model for this company, or another file stands in the way.
        ModelFitError: The model is of another funnel.
        HproError: The state cannot be made, or the CRM not be read or written.
    """
    require_company_model(options.company, options.model)
    org_id, kind = SALESFORCE_DEMO_ORG_IDS[options.company], COMPANIES[options.company]
    scorer = load_scorer(choose_model(org_id, options.model, demo_model=options.demo_model))
    simulation = Simulation(kind, options.seed, leads_per_year=options.leads, reserved_phrases=True)
    require_fit(define_generated_org(simulation).description(), scorer)
    require_replaceable_state(state, SALESFORCE_DEMO_ORG_IDS.values())
    with making_folder(state.parent):
        with progress("Simulating a year, in days", total=YEAR_DAYS) as told:
            until = START + timedelta(days=YEAR_DAYS) - QUIET
            company = make_demo_org(options.company, options.seed, options.leads, progress=told, until=until)
        remove_state(state)
    with SalesforceEmulator(company.org) as emulator:
        config = _configuration(emulator, state, company)
        _forget_description(config.crm[_NAME])
        passes = _Passes(emulator, config, scorer)
        _install_fields(emulator)
        first = passes.run(1)
        yield first
        with progress("Simulating days", total=options.days) as told:
            company.advance(options.days, told)
        second = passes.run(2, first, options.days)
        yield second
        company.org.clock.advance(_UNTIL_THE_LAST_PASS - _BEFORE_A_PASS)
        yield passes.run(3, second)
    day = YEAR_DAYS + options.days
    with progress("Comparing with the best possible", total=simulation.lead_count(day)) as told:
        scores = {simulated_lead_id(lead_id): score for lead_id, score in passes.rank_scores.items()}
        yield ClosenessStep(how_close(simulation, day, scores, told))


class _Passes:
    """Passes over an emulated org, as a scheduled process makes them: each with a sign-in of its own.

    Args:
        emulator: Of the org, up.
        config: How it is reached.
        scorer: A model that fits it.

    Attributes:
        rank_scores: After the last pass, by record id.
    """

    def __init__(self, emulator: SalesforceEmulator, config: HproConfig, scorer: Scorer) -> None:
        self._emulator = emulator
        self._config = config
        self._scorer = scorer
        self.rank_scores: dict[str, float] = {}

    def run(self, number: int, before: PassStep | None = None, days: int = 0) -> PassStep:
        """Let some minutes go by, then run a pass with all that a real CRM asks for: lag, overlap, pace, budget.

        Args:
            number: Of the pass.
            before: The pass before.
            days: That passed since.
        """
        self._emulator.org.clock.advance(_BEFORE_A_PASS)
        self._emulator.journal.clear()
        crm = self._config.crm[_NAME]
        with working_org(self._config, _NAME, crm) as org, pass_bars() as listener:
            # An invented org has no person who could confirm its first writes.
            settings = replace(pass_settings_of(self._config, crm, stop=org.stop), rails=False)
            report = run_pass(org.connector, org.store, self._scorer, settings, listener)
            outcome = PassOutcome(report, tuple(org.store.queue()))
            changes = None
            if before is not None:
                changes = queue_changes(org.store, org.description, before.outcome.queue, outcome.queue)
            self.rank_scores = open_rank_scores(org.store, org.identity, org.description)
            stages = [stage.name for stage in org.description.stages if stage.result is OutcomeResult.OPEN]
            return PassStep(
                number=number,
                identity=org.identity,
                outcome=outcome,
                stages=scores_by_stage(outcome.queue, stages),
                changes=changes,
                days=days,
                calls=count_calls(self._emulator.journal.entries),
            )


def _install_fields(emulator: SalesforceEmulator) -> None:
    """Do what `hpro fields install` does, with a session of the emulated org's admin."""
    org = emulator.org
    session = AdminSession(emulator.session_id(org.admin_user_id), f"https://{_DOMAIN}.salesforce.com")
    client = SalesforceClient(session.connection(api_version=API_VERSION, emulator=emulator.url))
    try:
        install(client, (ScoredObjectName.LEAD,), user_of_id(client, org.integration_user_id))
    finally:
        client.close()


def _forget_description(crm: CrmConfig) -> None:
    """Take away what an earlier demo kept of its org beside the state: this one may have other fields."""
    cache = settings_of(crm).describe_cache if isinstance(crm, SalesforceCrm) else None
    if cache is not None:
        cache.unlink(missing_ok=True)


def _configuration(emulator: SalesforceEmulator, state: Path, company: SalesforceDemo) -> HproConfig:
    """Say what a person would write into hpro.toml, with a pace that a CRM on this machine can bear."""
    crm = SalesforceCrm(
        connector="salesforce",
        domain=_DOMAIN,
        consumer_key=emulator.app.consumer_key,
        consumer_secret=SecretStr(emulator.app.consumer_secret),
        emulator=emulator.url,
        state=state.absolute(),
        models=state.absolute().with_name(_MODELS),
        field_names=prompt_names(company.simulation.kind),
        lost_stages=(LOST,),
    )
    return HproConfig(crm={_NAME: crm}, budget=BudgetConfig(calls_per_second=_CALLS_PER_SECOND))


def count_calls(entries: Iterable[JournalEntry]) -> dict[str, int]:
    """Count the requests of a pass by what they were for.

    Args:
        entries: Of the emulator's journal.
    """
    return dict(Counter(_purpose(entry) for entry in entries))


def _purpose(entry: JournalEntry) -> str:
    return next((purpose for purpose, pattern in _PURPOSES.items() if pattern.search(entry.path)), "other")
