"""The middleware of the API (``authentication``), with the two headers that it reads: beta and idempotency key."""
