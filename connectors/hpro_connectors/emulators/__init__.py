"""CRMs to try HPRO on without one: each emulator speaks a CRM's wire protocol over real sockets.

An emulator knows nothing of HPRO's connectors, so that what a connector proves against it is proven on the wire.
"""
