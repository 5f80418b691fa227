"""What only Assistants v1 knows: the files of an assistant and of a message."""
