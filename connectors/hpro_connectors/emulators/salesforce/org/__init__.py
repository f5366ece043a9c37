"""The org behind the emulator: records, schema, permissions, queries, and what changes them."""
