"""Indexes, folders and single files as a `Catalog`; knows how to ask them, must not judge them."""
