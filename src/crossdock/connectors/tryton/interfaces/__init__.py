"""Tryton's two interfaces, REST and JSON-RPC: each is asked the same things in its own way.

Each is an `api.Api`; `client.reach` takes the one that the settings name. A session belongs to the
second.
"""
