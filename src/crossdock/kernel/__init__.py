"""Words with no business: ports for clock, ids and chance, errors, invariants, limits, redaction.

Takes nothing; gives the words that every floor uses. May import: the standard library, msgspec.
"""
