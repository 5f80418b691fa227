"""How files become passages: a worker claims each entry of a store, reads, cuts, embeds and writes it."""
