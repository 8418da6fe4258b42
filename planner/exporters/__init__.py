"""A plan as the texts that other programs take: one module a format, which reads no file and runs nothing."""
