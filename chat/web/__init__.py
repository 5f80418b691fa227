"""The door for people, and for programs by websocket."""
