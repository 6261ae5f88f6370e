"""The canonical nouns and messages, their versions and vocabularies, and the connector protocol.

Takes bytes or values; gives typed, bounded, immutable facts. May import: kernel.
"""
