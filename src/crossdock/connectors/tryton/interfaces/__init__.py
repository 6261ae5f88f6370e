"""Tryton's interfaces, one per file: each asks the same things in its own way.

Each file holds an `api.Api`; `reach` in `client.py` takes the one that the settings name.
"""
