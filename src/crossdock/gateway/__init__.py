"""The way in by HTTP: routes, keys and scopes, receipts, problem details, contract documents.

May import: floors 0 to 5.
"""
