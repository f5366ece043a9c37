"""All streams of an org, made of its description and the settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hpro_connectors.protocol import FieldInfo, OrgDescription
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.mapping.content_notes import ContentNoteStream
from hpro_connectors.salesforce.mapping.events import EventStream
from hpro_connectors.salesforce.mapping.field_choice import ChosenField, choose_fields
from hpro_connectors.salesforce.mapping.histories import KEEPS_NO_VALUES, LONGEST_LOGGED, HistoryStream
from hpro_connectors.salesforce.mapping.mails import MailStream
from hpro_connectors.salesforce.mapping.notes import NoteStream
from hpro_connectors.salesforce.mapping.outcomes import Outcomes
from hpro_connectors.salesforce.mapping.records import CrmStream, make_source
from hpro_connectors.salesforce.mapping.scored_object import ScoredStream
from hpro_connectors.salesforce.mapping.tasks import TaskStream
from hpro_connectors.salesforce.rows.row_reader import RowReader
from hpro_connectors.salesforce.rows.row_source import MODSTAMP, Source
from hpro_connectors.salesforce.schema.crm_schema import CrmField, CrmObject, CrmSchema
from hpro_connectors.salesforce.schema.crm_values import KINDS
from hpro_connectors.salesforce.schema.describing import HISTORY_OBJECTS, LINKS_OF_MAILS, LINKS_OF_NOTES
from hpro_connectors.salesforce.schema.links import Links
from hpro_connectors.salesforce.settings import INTERACTION_STREAMS, SalesforceSettings
from hpro_connectors.salesforce.writing.score_fields import SCORE_COLUMNS

_LOGGED_TYPES: Final = frozenset({"string", "textarea", "url", "email", "phone"})


class OrgStreams:
    """What an org holds for one scored object.

    Args:
        schema: As described.
        settings: What is read.
        reader: Reads rows.
        client: Reads whole notes.

    Attributes:
        schema: As described.
        links: Keys of the org.
        lead_stream: The scored object.
        streams: All streams by name: leads, interactions, history.

    Raises:
        SchemaDriftError: The configuration names what is not there.
        PermissionDeniedError: The user does not see what cannot be done without.
    """

    def __init__(
        self, schema: CrmSchema, settings: SalesforceSettings, reader: RowReader, client: SalesforceClient
    ) -> None:
        self.schema = schema
        self.links = Links(schema.org_id, settings.scored_object)
        self._settings = settings
        self._fields = choose_fields(settings, self.scored)
        self._outcomes = Outcomes(settings, schema)
        self.lead_stream = ScoredStream(
            self.scored,
            settings,
            fields=self._fields,
            outcomes=self._outcomes,
            links=self.links,
            reader=reader,
        )
        streams: list[CrmStream] = [self.lead_stream, *self._interactions(reader, client)]
        history = self._history(reader)
        self.streams = {stream.info.name: stream for stream in (*streams, *([] if history is None else [history]))}

    @property
    def scored(self) -> CrmObject:
        """The scored object."""
        return self.schema.objects[self._settings.scored_object.value]

    def description(self) -> OrgDescription:
        """Give fields, stages and reps."""
        own = (self.scored.by_name[column] for column in self.scored.present(SCORE_COLUMNS.values()))
        return OrgDescription(
            object_type=self._settings.object_type,
            fields=(
                *(
                    FieldInfo(
                        name=field.name,
                        label=field.label,
                        kind=field.kind,
                        writable=field.updateable,
                        history_tracked=self._is_logged(field),
                    )
                    for field in self._fields
                ),
                *(_own_field(field) for field in own if field.type in KINDS),
            ),
            stages=self._outcomes.stages,
            owners=self.schema.owners,
        )

    def shown_source(self, columns: Sequence[str]) -> Source:
        """Give what is read of our own fields alone.

        Args:
            columns: Those of them that exist.
        """
        return make_source(self.scored, ("Id",), columns)

    def logs_deletions(self, stream: CrmStream) -> bool:
        """Say whether the CRM's log of deletions tells of a stream, besides the rows in the recycle bin.

        Args:
            stream: One of :attr:`streams`.
        """
        is_replicated = self.schema.objects[stream.source.object_name].replicateable
        return is_replicated and stream.info.reports_deletions and stream.source.stamp == MODSTAMP

    def _interactions(self, reader: RowReader, client: SalesforceClient) -> list[CrmStream]:
        objects, links, settings = self.schema.objects, self.links, self._settings
        wanted = INTERACTION_STREAMS if settings.interactions is None else settings.interactions
        there = {name: objects[name] for name in INTERACTION_STREAMS if name in wanted and name in objects}
        found: list[CrmStream] = []
        for name, described in there.items():
            match name:
                case "Task":
                    found.append(TaskStream(described, there.get("EmailMessage"), links, reader))
                case "Event":
                    found.append(EventStream(described, links, reader))
                case "EmailMessage":
                    found.append(MailStream(described, objects.get(LINKS_OF_MAILS), links, reader))
                case "Note":
                    found.append(NoteStream(described, links, reader))
                case "ContentNote" if LINKS_OF_NOTES in objects:
                    whole = client if settings.note_bodies else None
                    found.append(ContentNoteStream(described, objects[LINKS_OF_NOTES], links, reader, whole))
        return found

    def _history(self, reader: RowReader) -> HistoryStream | None:
        described = self.schema.objects.get(HISTORY_OBJECTS[self._settings.scored_object])
        stage = self._settings.stage_column
        tracks_stage = stage is not None and self._is_tracked(stage)
        fields = {field.column: field for field in self._fields if self._is_logged(field)}
        if described is None or not (tracks_stage or fields):
            return None
        return HistoryStream(
            described,
            f"{self._settings.scored_object}Id",
            stage_column=stage if tracks_stage else None,
            stages=self.schema.stages,
            creations_from=None if self._settings.has_own_stage_field else self.schema.stage_tracked_since,
            fields=fields,
            links=self.links,
            reader=reader,
        )

    def _is_tracked(self, column: str) -> bool:
        return self.schema.tracked is not None and column in self.schema.tracked

    def _is_logged(self, field: ChosenField) -> bool:
        """Whether the CRM logs from what to what a field changes."""
        if HISTORY_OBJECTS[self._settings.scored_object] not in self.schema.objects:
            return False
        described = self.scored.by_name[field.column]
        too_long = described.type in _LOGGED_TYPES and described.length > LONGEST_LOGGED
        return self._is_tracked(field.column) and described.type not in KEEPS_NO_VALUES and not too_long


def _own_field(field: CrmField) -> FieldInfo:
    return FieldInfo(name=field.name, label=field.label, kind=KINDS[field.type], writable=field.updateable)
