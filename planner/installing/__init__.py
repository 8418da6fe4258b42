"""A plan's recipe, carried out: phase by phase, by uv or pip; must not judge the plan."""
