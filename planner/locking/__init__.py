"""`check --locked`: whether the plan would stay as it is, and what changed; resolves and prints nothing."""
