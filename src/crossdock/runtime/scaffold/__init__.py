"""The files of a new connector: a whole one of a small REST system, which keeps the contract.

They are read by `runtime/scaffolding.py`; in them `new_system` and `NewSystem` stand for its name.
"""
