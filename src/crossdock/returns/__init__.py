"""Pure: return authorisation and receipt.

Takes an order and a return; gives a decision. May import: floors 0 to 2.
"""
