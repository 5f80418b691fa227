"""Tables as text: their headers, and rows that name their columns."""
