"""What an sdist's own files say; knows bytes in memory only, and must never run, import or extract any."""

READER = "4"
"""Raise it with every change of what is read of an sdist: cached readings of an older one are void."""
