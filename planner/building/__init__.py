"""Source builds on one machine: their environments, what they lack, how they are built; builds nothing."""
