"""The outside: Zoom, S3, mail, clock. Each module stands behind a port of the application."""
