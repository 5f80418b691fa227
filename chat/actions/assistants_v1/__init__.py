"""The files of an assistant and of a message, which only Assistants v1 lists."""
