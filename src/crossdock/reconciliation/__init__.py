"""What they say against what the log says, at the same watermark.

May import: floors 0 to 3.
"""
