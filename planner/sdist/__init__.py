"""What an sdist's own files say; knows bytes in memory only, and must never run, import or extract any."""
