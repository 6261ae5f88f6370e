"""One folder per far system, all of one shape; kit/ holds what they share.

May import: contracts, kernel and the kit.
"""
