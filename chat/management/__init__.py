"""The door for operators: commands, and the server that they start."""
