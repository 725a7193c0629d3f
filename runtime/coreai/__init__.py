"""Core AI assets: run them with Apple's runtime, on Linux as well, and report what a saved asset contains."""
