"""Means on the scales of link and response: of rows, of groups, averaged; responses drawn."""
