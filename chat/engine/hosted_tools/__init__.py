"""The tools that the server answers itself: file search and the code interpreter."""
