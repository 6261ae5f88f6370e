"""Pure: the double-entry ledger, reservations, availability.

Takes balances and a fact; gives movements. May import: floors 0 to 2.
"""
