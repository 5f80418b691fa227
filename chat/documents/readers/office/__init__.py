"""What the readers of Office files gather beside the text.

strict_office    opens a file, also one of the strict form
word_extras      puts into a document's text what Word keeps beside it
list_numbers     the numbers of lists and headings, for ``word_extras``
equations        equations as a line
drawings         charts, diagrams and descriptions of pictures
package          a file as parts that refer to each other, for ``workbook``
workbook         the cells of Excel's sheets as a person sees them
workbook_extras  comments on them, and what is drawn over them
merged_cells     repeats the text of merged cells
number_formats   what a cell shows of a number; of ``format_tokens``, ``shown_numbers`` and ``shown_dates``
old_office       the parts of Word and PowerPoint files from before 2007
"""
