"""What the user writes -> what is wanted: requirement files, project files, scripts, locks, words."""
