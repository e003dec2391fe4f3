"""What a bootstrap returns: tables, intervals, words, files, more of the same."""
