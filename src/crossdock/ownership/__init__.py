"""The executable matrix: who may say what, and who must be told.

May import: contracts, kernel.
"""
