"""Replicates made of the data themselves, groups with cross-products of their own, designs of other sizes."""
