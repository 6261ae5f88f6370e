"""Vendure 3, a shop: orders in; fulfilments with tracking, stock levels, names and prices out.

Takes settings and documents, gives answers; asked, it says what customers ordered. May import:
contracts, kernel and the kit. `client.KIND` is the way in; README.md tells of its traps.
"""
