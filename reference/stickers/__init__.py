"""Procedural cartoon stickers with captions: the data the shipped checkpoint is trained and scored on."""
