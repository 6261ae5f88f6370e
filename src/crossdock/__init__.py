"""Crossdock: the hub between a distributor's systems."""
