"""The operations of the API, one module a resource in the order of the reference."""
