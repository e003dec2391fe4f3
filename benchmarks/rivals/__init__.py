"""The same problems by other programs, in the same run on the same machine. So far: lme4 (Rscript)."""
