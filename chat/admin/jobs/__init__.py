"""The jobs of Procrastinate."""
