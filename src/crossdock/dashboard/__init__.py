"""The way to look: read-only views and operator actions.

May import: floors 0 to 5.
"""
