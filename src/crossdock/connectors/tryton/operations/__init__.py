"""What Tryton is told, one kind of document per file: how it is done there, and how far it came.

Each operation takes a noun, looks under our reference what stands there, and goes on from it.
"""
