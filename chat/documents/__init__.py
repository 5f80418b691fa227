"""How we read a file: PDF, slides, documents, sheets, web pages, text, source code. No Django here.

    formats      which file types there are: extensions, media types, the reader of each
    reading      for the server: ``read`` starts a child process a file and streams what it reads
    __main__     that child; it confines itself, asks the file what it is, and runs one reader
    pdf, slides, word, sheets, html, delimited, text       the readers: a path in, sections out
    passages     cutting sections into the pieces that are searched and cited

Every file is hostile until it has been read, so nothing but ``__main__`` and the tests may call a reader. A new file
type needs a reader module and a line in ``formats``.
"""
