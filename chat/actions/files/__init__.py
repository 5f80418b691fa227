"""Files and uploads in parts."""
