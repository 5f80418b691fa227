"""What anyone can do, whichever door they come through: sync, atomic, and every lookup through the owner."""
