"""The only place that knows everything: configuration, wiring, loops, command line, real clock.

May import: every floor.
"""
