"""Readers of settings, one module a source (pip's, uv's, our own); each gives words with their origin."""
