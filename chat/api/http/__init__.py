"""How requests are read and answers shaped: JSON and multipart bodies, query parameters, pages, error bodies."""
