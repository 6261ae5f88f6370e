"""The log's records (message, receipt, outcome, effect, position) and the store's ports.

Takes canonical messages; gives what a store must promise. May import: contracts, kernel.
"""
