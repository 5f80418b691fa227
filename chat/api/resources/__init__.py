"""The operations of the API, one module for each resource of the reference. Mounted by ``api.urls``."""
