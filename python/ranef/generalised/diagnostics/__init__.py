"""What may be wrong with a generalised fit: residuals, influence, the approximation, separation."""
