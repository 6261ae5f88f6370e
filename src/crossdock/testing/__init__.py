"""The shipped test kit: contract suites and strategies, for tests and connector authors.

May import: every floor; imported by none.
"""
