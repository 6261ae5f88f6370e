"""The demo: store, hub and a simulated distributor on one machine, and what came of its orders."""
