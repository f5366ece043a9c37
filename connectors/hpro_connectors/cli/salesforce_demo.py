"""What `hpro demo --crm salesforce` does: the whole loop over an emulated Salesforce, on the wire."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from hpro_connectors.cli.demo_run import ClosenessStep, DemoOptions, making_folder
from hpro_connectors.cli.model_choice import choose_model, require_company_model
from hpro_connectors.cli.org_place import OrgPlace
from hpro_connectors.cli.salesforce_demo_calls import count_calls
from hpro_connectors.cli.salesforce_demo_loop import NAME, SalesforceLoop
from hpro_connectors.cli.salesforce_demo_steps import EmulatorStep, FieldsStep, SalesforceStep
from hpro_connectors.cli.salesforce_demo_training import reason_not_to_train, train_on_history
from hpro_connectors.config import BudgetConfig, CrmConfig, CrmTraining, HproConfig, SalesforceCrm
from hpro_connectors.demo.closeness import how_close
from hpro_connectors.demo.demo_ids import SALESFORCE_DEMO_ORG_IDS
from hpro_connectors.demo.earlier_demo import remove_state, require_replaceable_state
from hpro_connectors.demo.generated_org import define_generated_org
from hpro_connectors.demo.scored_org import require_fit
from hpro_connectors.demo.simulation import START, YEAR_DAYS, Simulation
from hpro_connectors.demo.simulator.companies import COMPANIES
from hpro_connectors.demo.simulator.life import LOST
from hpro_connectors.emulators.salesforce.company.demo_org import SalesforceDemo, make_demo_org
from hpro_connectors.emulators.salesforce.company.demo_schema import names_known_at_creation, prompt_names
from hpro_connectors.emulators.salesforce.company.simulated_ids import simulated_lead_id
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.wire.hosts import DEFAULT_DOMAIN
from hpro_connectors.orgs.salesforce import settings_of
from hpro_connectors.protocol import OrgIdentity
from hpro_connectors.salesforce.client.connection import API_VERSION
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.installing import AdminSession, find_problems, install, user_of_id
from hpro_connectors.salesforce.settings import ScoredObjectName
from hpro_sdk.cli.output import progress
from hpro_sdk.evaluation import load_scorer

# In the last minutes of a day the simulated people do nothing. So no age in a prompt crosses an edge between a pass at
# that time and one a few minutes later, and what such a pass scores is what changed.
QUIET = timedelta(minutes=40)
_UNTIL_THE_LAST_PASS = timedelta(minutes=10)  # what the pass before wrote is read back within the overlap
_MODELS = "models-salesforce"
_CALLS_PER_SECOND = 200.0


def run_salesforce_demo(state: Path, options: DemoOptions) -> Iterator[SalesforceStep]:
    """Make a simulated company's Salesforce, and go the whole way with it, from our fields to a pass without work.

    Args:
        state: Where the state shall be; that of an earlier demo is replaced.
        options: Which company, how many days, and whether a model of its own is trained.

    Yields:
        Each step once it is done, with the calls it took; in the end how close the ranking comes to the best.

    Raises:
        ConfigError: There is no model for this company, or another file stands in the way.
        MissingExtraError: Training was asked for, and cannot be done here.
        ModelFitError: The model is of another funnel.
        HproError: The state cannot be made, or the CRM not be read or written.
    """
    require_company_model(options.company, options.model)
    why_no_training = reason_not_to_train(options)
    org_id, kind = SALESFORCE_DEMO_ORG_IDS[options.company], COMPANIES[options.company]
    model = choose_model(org_id, options.model, demo_model=options.demo_model)
    scorer = load_scorer(model)
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
        crm = config.crm[NAME]
        _forget_description(crm)
        yield EmulatorStep(
            OrgIdentity(org_id=org_id, name=kind.title, vendor="salesforce", is_test=True),
            emulator.url,
            simulation.lead_count(YEAR_DAYS),
        )
        loop = SalesforceLoop(emulator, config)
        with progress("Installing the fields"):
            fields = _install_fields(emulator)
        yield fields
        with progress("Examining the org"):
            doctor = loop.examine()
        yield doctor
        yield loop.load()
        training, scorer = train_on_history(OrgPlace(NAME, crm), options, (model, scorer), why_no_training)
        yield training
        yield from loop.confirm(scorer)
        with progress("Simulating days", total=options.days) as told:
            company.advance(options.days, told)
        increment = loop.run(scorer, 1, options.days)
        yield increment
        if increment.outcome.report.stop_code is not None:
            yield from loop.confirm(scorer)
        company.org.clock.advance(_UNTIL_THE_LAST_PASS)
        yield loop.run(scorer, 2)
    day = YEAR_DAYS + options.days
    with progress("Comparing with the best possible", total=simulation.lead_count(day)) as told:
        scores = {simulated_lead_id(lead_id): score for lead_id, score in loop.rank_scores.items()}
        yield ClosenessStep(how_close(simulation, day, scores, told))


def _install_fields(emulator: SalesforceEmulator) -> FieldsStep:
    """Do what `hpro fields install` does, with a session of the emulated org's admin."""
    org, scored = emulator.org, (ScoredObjectName.LEAD,)
    emulator.journal.clear()
    session = AdminSession(emulator.session_id(org.admin_user_id), f"https://{DEFAULT_DOMAIN}.salesforce.com")
    client = SalesforceClient(session.connection(api_version=API_VERSION, emulator=emulator.url))
    try:
        user = user_of_id(client, org.integration_user_id)
        installed = install(client, scored, user)
        problems = find_problems(client, scored, user)
    finally:
        client.close()
    return FieldsStep(user, tuple(installed), tuple(problems), count_calls(emulator.journal.entries))


def _forget_description(crm: CrmConfig) -> None:
    """Take away what an earlier demo kept of its org beside the state: this one may have other fields."""
    cache = settings_of(crm).describe_cache if isinstance(crm, SalesforceCrm) else None
    if cache is not None:
        cache.unlink(missing_ok=True)


def _configuration(emulator: SalesforceEmulator, state: Path, company: SalesforceDemo) -> HproConfig:
    """Say what a person would write into hpro.toml, with a pace that a CRM on this machine can bear."""
    crm = SalesforceCrm(
        connector="salesforce",
        domain=DEFAULT_DOMAIN,
        consumer_key=emulator.app.consumer_key,
        consumer_secret=SecretStr(emulator.app.consumer_secret),
        emulator=emulator.url,
        state=state.absolute(),
        models=state.absolute().with_name(_MODELS),
        field_names=prompt_names(company.simulation.kind),
        lost_stages=(LOST,),
        training=CrmTraining(known_at_creation=names_known_at_creation(company.simulation.kind)),
    )
    return HproConfig(crm={NAME: crm}, budget=BudgetConfig(calls_per_second=_CALLS_PER_SECOND))
