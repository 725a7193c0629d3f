"""The model in PyTorch, the truth that every export is compared with, and checkpoint folders."""
