"""The parts of the connector contract, one per side of a connector.

May import: every floor; imported by none but `crossdock.testing.connector_contract`.
"""
