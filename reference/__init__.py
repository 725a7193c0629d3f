"""The PyTorch truth: transformer, text encoder, schedule, drawing, pipelines and checkpoint folders."""
