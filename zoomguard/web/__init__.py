"""The service's HTTP edges: the API, children's doors, Zoom's webhooks, health."""
