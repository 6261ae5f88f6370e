"""Tryton, an ERP: sales, shipments and invoices out; items, parties, orders and invoices in.

Takes settings and documents, gives answers; asked, it says what changed. May import: contracts,
kernel and the kit. `client.KIND` is the way in; README.md tells of its interface and its traps.
"""
