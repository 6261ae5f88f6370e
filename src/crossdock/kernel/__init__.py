"""Words with no business: ports for clock, ids and randomness, errors, invariants, limits, redaction.

Takes nothing; gives the vocabulary that every floor uses. May import: the standard library, msgspec.
"""
