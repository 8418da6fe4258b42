"""What building an sdist asks of a machine: one module an inspector, joined in `table`."""
