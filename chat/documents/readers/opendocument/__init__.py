"""What the readers of OpenDocument files share.

package  the parts of a text or slides, what they declare
blocks   paragraphs, lists, tables and frames as text
sheets   the cells of sheets, and what is beside them
names    the names of its elements
"""
