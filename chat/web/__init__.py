"""The door for people: the chat page, its socket and the pages of their account.

    urls                   the addresses of all of it
      pages                  the views of the chat
        live                   the page's socket, and the fragments that it sends
          timeline               the items of a thread as templates need them
            markdown               text to safe HTML
      accounts               signing in, passwords, the user's own API keys
      health                 checks for monitors

Each shelf imports only those below it; all views use ``decorators``, and ``middleware`` knows the reader's time zone.
"""
