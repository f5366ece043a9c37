"""An org at work: the lease is taken, the state is open, the CRM answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event

from hpro_connectors.calls import Deadline, GuardedConnector
from hpro_connectors.calls.pauses import waits
from hpro_connectors.config import CrmConfig, HproConfig
from hpro_connectors.engine.settings import utc_now
from hpro_connectors.orgs.connecting import connected, make_fields
from hpro_connectors.orgs.limits import call_policy_of
from hpro_connectors.orgs.model_in_use import load_model_in_use
from hpro_connectors.protocol import OrgDescription, OrgIdentity
from hpro_connectors.state import StateStore
from hpro_connectors.state.lease import Lease
from hpro_sdk.errors import ConfigError
from hpro_sdk.scoring.scorer import Scorer


@dataclass(frozen=True, slots=True)
class WorkingOrg:
    """An org that a run may work on.

    Attributes:
        name: Of its table in the configuration.
        config: The configuration.
        crm: Its table.
        store: Its state, fenced by the lease.
        connector: The CRM, with tries, budget and pace around it.
        identity: Which org it is.
        description: What it holds.
        stop: Says when a run shall end early: a signal came, or the time is up.
    """

    name: str
    config: HproConfig
    crm: CrmConfig
    store: StateStore
    connector: GuardedConnector
    identity: OrgIdentity
    description: OrgDescription
    stop: Callable[[], bool]

    def scorer(self) -> Scorer | None:
        """Load the model in use; ``None`` when there is none yet."""
        return load_model_in_use(self.store, self.crm, self.identity, self.description)

    def require_scorer(self) -> Scorer:
        """Load the model in use.

        Raises:
            ConfigError: There is none yet.
        """
        scorer = self.scorer()
        if scorer is None:
            raise ConfigError(
                f"There is no model for {self.name} yet.",
                hint="Read the CRM with `hpro run --once`, then train one with `hpro model train`; one that was kept "
                "is put to use with `hpro model use ID`.",
            )
        return scorer


@contextmanager
def working_org(
    config: HproConfig,
    name: str,
    crm: CrmConfig,
    *,
    writes: bool = True,
    stop: Event | None = None,
    max_seconds: float | None = None,
) -> Iterator[WorkingOrg]:
    """Take an org's lease, open its state, and look at the CRM.

    Args:
        config: The configuration.
        name: Of the CRM's table.
        crm: The CRM.
        writes: Whether anything may be written to the CRM; our fields are then made where they are missing, but where
            only an admin makes them.
        stop: Set when the run is asked to stop.
        max_seconds: After these it shall end early.

    Raises:
        StateLockedError: Another process holds the org.
        SafetyRailError: The credentials lead to another org than the state is of.
        SchemaDriftError: A field of ours is something else in the CRM.
        ConfigError: A folder or file of the configuration cannot be used.
        ConnectorError: The CRM or the state cannot be used.
    """
    stop = stop or Event()
    deadline = Deadline.none() if max_seconds is None else Deadline.after(max_seconds)
    is_new = not crm.state.exists()
    with connected(crm, writes=writes, is_new=is_new, sleep=waits(stop, deadline)) as connector:
        crm.make_folders()
        with Lease.acquire(crm.state, now=utc_now) as lease, StateStore.open(crm.state) as store:
            store.transactions.fence = lease.fence
            guarded = GuardedConnector(connector, call_policy_of(config, crm), deadline=deadline, stop=stop)
            identity, description = guarded.identity(), guarded.describe()
            store.check_org(identity, description.object_type)
            if writes and make_fields(guarded, crm, identity.name):
                description = guarded.describe()
            yield WorkingOrg(
                name=name,
                config=config,
                crm=crm,
                store=store,
                connector=guarded,
                identity=identity,
                description=description,
                stop=lambda: stop.is_set() or deadline.passed(),
            )


@contextmanager
def open_state(name: str, crm: CrmConfig, *, changes: bool = False) -> Iterator[StateStore]:
    """Open the state of a CRM without asking the CRM anything.

    Args:
        name: Of the CRM's table.
        crm: The CRM.
        changes: Whether something will be changed: then the lease is taken.

    Raises:
        ConfigError: There is no state yet.
        StateLockedError: Another process holds the org, and something is to be changed.
        StateError: The state cannot be used.
    """
    if not crm.state.exists():
        raise ConfigError(
            f"Nothing is known of {name} yet: there is no state {crm.state}.", hint="Run `hpro run --once` first."
        )
    if not changes:
        with StateStore.open(crm.state, create=False) as store:
            yield store
        return
    with Lease.acquire(crm.state, now=utc_now) as lease, StateStore.open(crm.state, create=False) as store:
        store.transactions.fence = lease.fence
        yield store
