"""The service's HTTP edges: the API, pages, children's doors, Zoom's webhooks, health."""
