"""What must not come back: keyed hashes of forgotten leads and persons, and pages without anything of theirs.

Nothing of a forgotten person is stored, not even the id; but whoever has the key and an id can tell that it was
forgotten. The key is made once and never leaves the state file.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, select

from hpro_connectors.protocol import InteractionRecord, LeadRecord, Page, Record, RecordKey
from hpro_connectors.state._sql import among, insert_ignoring
from hpro_connectors.state.marks import MarkName, read_mark, set_mark
from hpro_connectors.state.schema import FORGOTTEN
from hpro_sdk.lead import LeadKey

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Sifted:
    """A page without what was forgotten.

    Attributes:
        page: The rest.
        to_forget: Leads that turned out to be of a forgotten person, with the CRM's time of that news: further ones,
            and those merged into a forgotten one. They are to be forgotten too.
    """

    page: Page
    to_forget: Mapping[str, datetime] = field(default_factory=dict)


def remember_forgotten(
    connection: Connection, lead_ids: Iterable[str], person_ids: Iterable[str], at: datetime
) -> None:
    """Leave a keyed hash of each id.

    Args:
        connection: Within a transaction that writes.
        lead_ids: Of forgotten leads.
        person_ids: Of forgotten persons.
        at: When.
    """
    key = _key(connection)
    if key is None:
        key = secrets.token_bytes(_KEY_BYTES)
        set_mark(connection, MarkName.FORGET_KEY, at, key.hex())
    hashes = [_lead_hash(key, lead_id) for lead_id in lead_ids] + [_person_hash(key, one) for one in person_ids]
    insert_ignoring(connection, FORGOTTEN, [{"key_hash": digest, "forgotten_at": at} for digest in hashes])


def forgotten_leads(connection: Connection, lead_ids: Collection[str]) -> set[str]:
    """Give those of some leads that were forgotten."""
    key = _key(connection)
    return set() if key is None else _known(connection, {_lead_hash(key, lead_id): lead_id for lead_id in lead_ids})


def sift(connection: Connection, page: Page, object_type: str) -> Sifted:
    """Take out of a page what was forgotten; an interaction that is others' too loses the link only.

    Args:
        connection: Within a transaction.
        page: Of any stream.
        object_type: The scored object.
    """
    key = _key(connection)
    if key is None:
        return Sifted(page)
    leads = _known(connection, {_lead_hash(key, one): one for one in _leads_of(page, object_type)})
    persons = _known(connection, {_person_hash(key, one): one for one in _persons_of(page)})
    if not leads and not persons:
        return Sifted(page)
    new = {
        record.key.lead_id: record.modified_at
        for record in page.upserts
        if isinstance(record, LeadRecord) and record.person_id in persons and record.key.lead_id not in leads
    }
    new |= {
        merge.loser.record_id: merge.merged_at
        for merge in page.merges
        if _is_of(merge.survivor, object_type, leads) and not _is_of(merge.loser, object_type, leads)
    }
    leads |= new.keys()
    upserts = (_without(record, object_type, leads, persons) for record in page.upserts)
    merges = (
        merge
        for merge in page.merges
        if not _is_of(merge.loser, object_type, leads) and not _is_of(merge.survivor, object_type, leads)
    )
    rest = page.model_copy(
        update={
            "upserts": tuple(record for record in upserts if record is not None),
            "tombstones": tuple(one for one in page.tombstones if not _is_of(one.key, object_type, leads)),
            "merges": tuple(merges),
        }
    )
    return Sifted(rest, new)


def _key(connection: Connection) -> bytes | None:
    mark = read_mark(connection, MarkName.FORGET_KEY)
    return None if mark is None or mark.value is None else bytes.fromhex(mark.value)


def _lead_hash(key: bytes, lead_id: str) -> str:
    return hmac.new(key, f"lead:{lead_id}".encode(), hashlib.sha256).hexdigest()


def _person_hash(key: bytes, person_id: str) -> str:
    return hmac.new(key, f"person:{person_id}".encode(), hashlib.sha256).hexdigest()


def _known(connection: Connection, id_of_hash: dict[str, str]) -> set[str]:
    if not id_of_hash:
        return set()
    found = connection.scalars(select(FORGOTTEN.c.key_hash).where(among(FORGOTTEN.c.key_hash, id_of_hash)))
    return {id_of_hash[digest] for digest in found}


def _leads_of(page: Page, object_type: str) -> set[str]:
    keys: list[LeadKey | RecordKey] = [tombstone.key for tombstone in page.tombstones]
    for merge in page.merges:
        keys += (merge.loser, merge.survivor)
    for record in page.upserts:
        if isinstance(record, LeadRecord):
            keys.append(record.key)
        elif isinstance(record, InteractionRecord):
            keys += record.leads
        else:
            keys.append(record.lead)
    return {key[2] for key in keys if key.object_type == object_type}


def _persons_of(page: Page) -> set[str]:
    persons: set[str] = set()
    for record in page.upserts:
        if isinstance(record, LeadRecord) and record.person_id is not None:
            persons.add(record.person_id)
        elif isinstance(record, InteractionRecord):
            persons.update(record.person_ids)
    return persons


def _without(record: Record, object_type: str, leads: Collection[str], persons: Collection[str]) -> Record | None:
    if isinstance(record, LeadRecord):
        return None if record.key.lead_id in leads else record
    if not isinstance(record, InteractionRecord):
        return None if record.lead.lead_id in leads else record
    kept = {
        "leads": tuple(key for key in record.leads if not _is_of(key, object_type, leads)),
        "person_ids": tuple(person for person in record.person_ids if person not in persons),
    }
    return record.model_copy(update=kept)


def _is_of(key: LeadKey | RecordKey, object_type: str, leads: Collection[str]) -> bool:
    return key.object_type == object_type and key[2] in leads
