"""A failed build's log -> the need that was not met."""
