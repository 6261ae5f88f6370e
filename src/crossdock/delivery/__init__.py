"""Retry, back-off, lanes and outcomes of what must be told: policies and one pump.

May import: floors 0 to 3.
"""
