"""The bench: workloads driven end to end over HTTP, beside the hand-written floor, in one run."""
