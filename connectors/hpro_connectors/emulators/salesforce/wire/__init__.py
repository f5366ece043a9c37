"""What the emulator answers on the wire: signing in, queries, Bulk jobs, writing, faults."""
