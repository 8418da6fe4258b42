"""Which resolution is best: several attempts over one catalog, compared; what was given up for what."""
