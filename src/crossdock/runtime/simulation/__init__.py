"""The simulator: whole hubs and a whole estate on virtual time, from one seed (see `world`)."""
