"""The websocket for programs: its consumer, the frames that come in, what they do, and the frames that go out."""
