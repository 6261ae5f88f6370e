"""Pure: an order's life, line quantities, sourcing, holds, refusals.

Takes an order and a fact; gives a decision. May import: floors 0 to 2.
"""
