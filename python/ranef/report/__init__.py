"""Printed reports. Number formats live here and nowhere else."""
