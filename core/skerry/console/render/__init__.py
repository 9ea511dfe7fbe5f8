"""The model's records, as lines of text for a terminal or a file. Nothing here waits, loads or prints."""
