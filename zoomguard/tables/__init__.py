"""SQLModel tables, one file for each topic, with their named queries. Rows never leave a use case."""
