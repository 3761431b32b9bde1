"""Doors: pages in front of Zoom's links."""
