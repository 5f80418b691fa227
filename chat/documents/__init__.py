"""Reading a file: PDF, slides, documents, sheets, web pages, text, source code. No Django here.

    __main__                the child process that reads one file
      reading | readers       starting and confining that child, its protocol; a reader for each kind of file
        formats | passages      the supported file types; cutting sections into passages
          encoding                text from bytes
            errors | sections | words

Each line imports only those below it. Every file is hostile until it has been read: only ``__main__`` and tests may
call a reader. A new file type needs a reader and a line in ``formats``.
"""
