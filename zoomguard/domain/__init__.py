"""Data and decisions: what is so. Standard library only; no clock, no input, no output."""
