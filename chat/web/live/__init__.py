"""The page's socket: what a run does reaches an open page as HTML fragments and small text deltas."""
