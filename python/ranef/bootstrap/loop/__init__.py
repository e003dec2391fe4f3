"""The parallel loop: kernels, what a refit records, statistics of the user, other machines."""
