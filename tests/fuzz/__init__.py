"""Structure-aware fuzzing of everything that reads a user's files or arguments: `python -m tests.fuzz`."""
