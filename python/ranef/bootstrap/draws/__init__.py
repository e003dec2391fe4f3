"""Drawing replicates: random streams, variates, the Gram factor, rows; which parameters, which way."""
