"""Measures what stands between the model and the listener."""
