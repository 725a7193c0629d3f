"""Core ML programs as they were saved: what is in them, and what a Mac or a phone makes of them."""
