"""The API's objects: their shapes as ``TypedDict``s, and the functions that make them of rows."""
