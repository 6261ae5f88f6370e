"""Any far system with a REST interface of our plain shape: CloudEvents in, a status per event out.

Takes settings and documents; gives one of the six answers per document. May import: contracts,
kernel and the kit. `client.connect` is the way in.
"""
