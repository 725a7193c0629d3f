"""Saved Core ML programs executed on Linux: what a file computes, shown before a phone has seen it."""
