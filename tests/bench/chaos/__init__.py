"""Faults at random under load: what was acknowledged must be there, and nothing may happen twice."""
