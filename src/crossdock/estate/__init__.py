"""Simulated far systems, each with a truth of its own, over real HTTP.

May import: contracts and kernel; speaks to the hub by HTTP alone.
"""
