"""The engines behind the store port: memory/ and postgres/.

May import: floors 0 to 4.
"""
