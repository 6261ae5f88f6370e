"""The harness from outside: real processes under load, struck on a schedule, then looked at.

May import: every floor; imported by none but scripts and tests.
"""
