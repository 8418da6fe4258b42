"""The resolution: `asks` (values), `provider`, `rounds` (resolvelib repaired), `clash`, `search`."""
