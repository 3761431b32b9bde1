"""zoomguard governs a college's Zoom sessions with children."""
