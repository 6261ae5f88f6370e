"""What every connector needs: cards, the one HTTP client, and the table of verdicts.

Takes settings and requests; gives replies judged to one of the six answers. May import:
contracts and kernel.
"""
