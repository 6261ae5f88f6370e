"""Far systems played on the loopback: small, honest about what they keep, cruel when asked to be.

May import: the same as the test kit.
"""
