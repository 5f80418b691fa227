"""The door for programs: the Assistants API v2 at ``/v1`` and ``/openai``.

    middleware                 what every request passes: key, rate limit, headers
      assistants_v1              the first Assistants API, for old clients
        urls                       which resource answers which address
          resources | openapi | websocket   the operations; their description; the socket for programs
            chat_completions           requests passed on, and answers in the form of Chat Completions
            run_schemas > message_schemas > schemas   the shapes that several bodies share
              streaming                  server-sent events
                http                       bodies, parameters, pages, errors

Each shelf imports only those below it.
"""
