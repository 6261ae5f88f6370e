"""The memory engine: the store's promises kept in dictionaries, for the simulator and unit tests.

Takes and gives what `log.ports` says; keeps nothing beyond the process. May import: floors 0 to 4.
"""
