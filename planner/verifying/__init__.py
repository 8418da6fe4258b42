"""`wheelplan verify`: a plan held against a machine; knows no index, and must not write anything."""
