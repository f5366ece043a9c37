"""The whole examination of an org, in the order in which one thing needs another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from hpro_connectors.config.tables import BudgetConfig
from hpro_connectors.doctor import Examined, Finding, Findings, check_clock, check_exclusion
from hpro_connectors.errors import AuthError
from hpro_connectors.protocol import OrgDescription, OrgIdentity
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.connector import SalesforceConnector
from hpro_connectors.salesforce.doctor.configured_fields import check_configured_fields
from hpro_connectors.salesforce.doctor.limits import check_limits
from hpro_connectors.salesforce.doctor.org_view import CrmUser, OrgView, read_user
from hpro_connectors.salesforce.doctor.outcome_counts import check_outcome_counts
from hpro_connectors.salesforce.doctor.own_fields import check_editing, check_own_fields
from hpro_connectors.salesforce.doctor.streams import check_streams
from hpro_connectors.salesforce.doctor.tracking import check_tracking
from hpro_connectors.salesforce.doctor.visibility import check_visibility
from hpro_connectors.salesforce.mapping.org_streams import OrgStreams
from hpro_connectors.salesforce.rows.row_reader import RowReader
from hpro_connectors.salesforce.schema.crm_schema import CrmSchema
from hpro_connectors.salesforce.schema.describing import OrgDescriber
from hpro_connectors.salesforce.settings import SalesforceSettings
from hpro_sdk.errors import HproError


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an examination knows beside the org.

    Attributes:
        api_version: The version of the API that is used, such as ``62.0``.
        budget: What HPRO may use of the org's quotas.
        now: This machine's clock; ``None`` where the CRM is an emulated one, whose clock is another by design.
    """

    api_version: str
    budget: BudgetConfig
    now: Callable[[], datetime] | None


def examine_salesforce(client: SalesforceClient, settings: SalesforceSettings, surroundings: Surroundings) -> Examined:
    """Examine an org; nothing is written, neither to the CRM nor beside the state.

    Args:
        client: Of the org; signed in here.
        settings: What is read.
        surroundings: What is known beside the org.
    """
    return _Examination(client, replace(settings, describe_cache=None), surroundings).run()


class _Examination:
    """One examination; what a step finds out is there for the next."""

    def __init__(self, client: SalesforceClient, settings: SalesforceSettings, surroundings: Surroundings) -> None:
        self._client = client
        self._settings = settings
        self._surroundings = surroundings
        self._findings = Findings()
        self._user: CrmUser | None = None
        self._identity: OrgIdentity | None = None
        self._schema: CrmSchema | None = None
        self._description: OrgDescription | None = None

    def run(self) -> Examined:
        """Carry all checks out."""
        attempt = self._findings.attempt
        if attempt("sign-in", self._sign_in()) and not self._findings.prevents():
            attempt("org", self._org())
            attempt("API calls", check_limits(self._client, self._surroundings.budget))
            attempt("clock", self._clock())
            attempt("objects", self._describe())
            if self._schema is not None and self._user is not None:
                self._look_at(OrgView(self._client, self._settings, self._schema, self._user))
        return Examined(tuple(self._findings.found), self._identity, self._settings.object_type, self._description)

    def _sign_in(self) -> Iterator[Finding]:
        """Sign in, and find the API open in the version that is used."""
        _ = self._client.org_id
        offered, used = self._client.api_versions(), self._surroundings.api_version
        of_api = f"Version {used} of the API is used; the org offers {offered[0]} to {offered[-1]}."
        if used not in offered:
            yield Finding.problem(
                "API version", of_api, f"Set api_version in hpro.toml to one that it offers, such as {offered[-1]}."
            )
            return
        try:
            self._user = read_user(self._client)
        except AuthError:
            raise
        except HproError as exc:
            yield Finding.of_error("API", exc)
            return
        yield Finding.ok("sign-in", f"Signed in as {self._user.name}.")
        yield Finding.ok("API version", of_api)

    def _org(self) -> Iterator[Finding]:
        self._identity = identity = SalesforceConnector(self._client, self._settings).identity()
        kind = "a test org (sandbox)" if identity.is_test else "a production org"
        yield Finding.ok("org", f"{identity.name} ({identity.org_id}), {kind}.")

    def _clock(self) -> Iterator[Finding]:
        if self._surroundings.now is None:
            yield Finding.ok("clock", "The clock of an emulated org is its own; it is not compared.")
        else:
            yield from check_clock(self._client.server_time(), self._surroundings.now())

    def _describe(self) -> Iterator[Finding]:
        every_stream = replace(self._settings, interactions=None)  # so that one that is not there stops nothing
        self._schema = OrgDescriber(self._client, every_stream, "").describe()
        yield from ()

    def _look_at(self, view: OrgView) -> None:
        attempt = self._findings.attempt
        attempt("records", check_visibility(view))
        attempt("fields", check_configured_fields(view))
        attempt("exclusion", self._describe_as_configured(view))
        attempt("score fields", check_own_fields(view))
        attempt("score fields", check_editing(view))
        attempt("interactions", check_streams(view))
        attempt("history", check_tracking(view))
        attempt("outcomes", check_outcome_counts(view))

    def _describe_as_configured(self, view: OrgView) -> Iterator[Finding]:
        """Put the streams together as reading does; what stops it is a finding, unless it is one already."""
        try:
            streams = OrgStreams(view.schema, self._settings, RowReader(self._client), self._client)
        except HproError as exc:
            if not self._findings.prevents("fields"):
                yield Finding.of_error("streams", exc)
            return
        self._description = streams.description()
        yield from check_exclusion(self._description, self._settings.exclude_name)
