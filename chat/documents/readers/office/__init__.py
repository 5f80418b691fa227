"""What the readers of Office files gather beside the text.

strict_office  opens a file, also one of the strict form
word_extras    puts into a document's text what Word keeps beside it
list_numbers   the numbers of lists and headings, for ``word_extras``
equations      equations as a line
drawings       charts, diagrams and descriptions of pictures
old_office     the parts of Word and PowerPoint files from before 2007
"""
