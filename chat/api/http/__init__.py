"""Requests and responses: JSON and multipart bodies, query parameters, pagination, error bodies."""
