"""Files in a folder: taken whole, read record by record, and written once.

Takes settings that declare formats and mappings; gives a connector. May import: contracts, kernel
and the kit.
"""
