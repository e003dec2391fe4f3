"""Statistical proof by simulation; each script prints what is kept beside it as ``.txt``."""
