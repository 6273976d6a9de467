"""Inference: a video in, a larger video out."""
