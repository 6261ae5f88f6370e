"""Recipes across orders, inventory and returns: what follows from a fact, message by message.

Takes a batch and the world it touches; gives outcomes. May import: floors 0 to 3.
"""
