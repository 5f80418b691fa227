"""The door for people: the chat page, its socket and the pages of their account.

    pages                  views
      live                   the socket, and the fragments that it sends
        timeline               the items of a thread as templates need them
          markdown               text to safe HTML

Each shelf imports only those below it; ``accounts`` stands beside them.
"""
