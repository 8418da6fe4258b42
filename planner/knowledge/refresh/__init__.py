"""Scripts that make the derived tables again, one a table; a person runs them, wheelplan never does."""
