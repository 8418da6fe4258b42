"""Tables of knowledge, each with its source, and the typed readers of them."""
