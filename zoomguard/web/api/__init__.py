"""/api/v1: JSON for the command line and for programs; bearer tokens only."""
