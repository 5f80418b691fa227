"""The engine: it claims, executes and records runs. Each shelf imports only those below it.

    worker                        claims queued runs and watches over them
      execution                   works on one claimed run, from its first turn to its end
        hosted_tools                answer the calls of our own tools
          prompt | recording          what a model is sent; how rows are written and events published
            turn                        asking a model once: tool calls, token counts and limits

``live_providers`` keeps one open client for each provider; ``follow`` lets a door listen to a thread.
"""
