"""The websocket for programs: its consumer, the frames that come in, their commands, and the frames that go out."""
