"""The rehearsal of a build: setup.py followed on an imagined machine, which has or lacks what it asks for."""
