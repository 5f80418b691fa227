"""The process that owns every session and keeps the quotas."""
