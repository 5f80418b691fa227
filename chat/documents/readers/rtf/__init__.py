"""What the reader of rich text (RTF) is made of.

parser     groups, destinations and control words: paragraphs, cells and rows
encodings  the code pages of fonts, and tokens
"""
