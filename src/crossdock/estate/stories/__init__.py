"""Stories: what happens at the distributor, step by step in time order, read or generated.

Takes a file of invoice lines or a seed; gives steps and an account of every line. May import:
contracts and kernel.
"""
