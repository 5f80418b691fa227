"""Who may come in and how often: API keys and rate limits."""
