"""Replicates drawn by rows and refitted one by one, in threads: of fits whose covariance has a structure."""
