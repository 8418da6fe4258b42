"""Needs x knowledge x machine -> prerequisites, in the fewest packages; reads no file, words no report."""
