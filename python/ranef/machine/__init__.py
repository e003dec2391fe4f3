"""The machine: its memory, its cores and the limits on them; workers elsewhere."""
