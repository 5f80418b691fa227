"""What the readers of OpenDocument files (text and slides) share.

package  the parts of a file, what they declare
blocks   paragraphs, lists, tables and frames as text
names    the names of its elements
"""
