"""Signing in and up, passwords, and the page of a person's own API keys."""
