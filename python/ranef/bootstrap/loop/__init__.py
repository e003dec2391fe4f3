"""The parallel loop: what a refit records, statistics of the user, other machines."""
