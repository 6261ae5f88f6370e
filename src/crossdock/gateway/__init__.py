"""The way in by HTTP: routes, keys and scopes, receipts, problem details.

May import: floors 0 to 5.
"""
