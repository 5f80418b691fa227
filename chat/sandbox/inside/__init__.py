"""What runs inside a session: the read–eval loop, and what makes a cell feel like a notebook's."""
