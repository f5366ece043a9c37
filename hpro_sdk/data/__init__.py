"""Tables of leads: the mapping that explains their columns, and the leads and examples read through it."""

from __future__ import annotations

from hpro_sdk.data.examples import UNDATED_AS_OF, read_examples
from hpro_sdk.data.guess import guess_mapping
from hpro_sdk.data.leads import LeadRow, read_leads
from hpro_sdk.data.mapping import (
    FeatureMapping,
    InteractionFile,
    InteractionMapping,
    OutcomeMapping,
    TableMapping,
)
from hpro_sdk.data.mapping_file import load_mapping
from hpro_sdk.data.mapping_schema import MappingKey, mapping_keys, mapping_schema
from hpro_sdk.data.place import Place
from hpro_sdk.data.splits import (
    SplitRow,
    require_trainable,
    require_whole_groups,
    split_by_hash,
    split_by_time,
)
from hpro_sdk.data.table_rows import TableRow, read_rows

__all__ = [
    "UNDATED_AS_OF",
    "FeatureMapping",
    "InteractionFile",
    "InteractionMapping",
    "LeadRow",
    "MappingKey",
    "OutcomeMapping",
    "Place",
    "SplitRow",
    "TableMapping",
    "TableRow",
    "guess_mapping",
    "load_mapping",
    "mapping_keys",
    "mapping_schema",
    "read_examples",
    "read_leads",
    "read_rows",
    "require_trainable",
    "require_whole_groups",
    "split_by_hash",
    "split_by_time",
]
