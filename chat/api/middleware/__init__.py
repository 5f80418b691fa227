"""What every request passes before its operation: API key, rate limit, beta header, idempotency key."""
