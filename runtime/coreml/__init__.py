"""Core ML packages: run them on any machine, and report what a saved package contains."""
