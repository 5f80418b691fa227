"""The live side of a thread's page: what a run does reaches it as HTML fragments and small text deltas.

consumer       the page's socket; without one, ``pages.messages.news`` is polled
  feed           snapshots and events → frames for one page
    fragments      items → HTML
      page_html      the texts of messages, within a budget
      open_answer    the answer that is written
    run_progress   what the run does now, and the code that it writes and runs
"""
