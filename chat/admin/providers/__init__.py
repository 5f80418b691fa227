"""Providers, their models and aliases, and the buttons that test a provider."""
