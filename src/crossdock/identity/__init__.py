"""Whose number is this: external id to canonical id, both ways.

May import: contracts, kernel.
"""
