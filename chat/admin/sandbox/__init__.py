"""The page of the code interpreter's sandbox."""
