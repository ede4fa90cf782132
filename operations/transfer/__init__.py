"""The installation as one file of v81's shape: `exporting` writes it; `reading`, `planning`, `applying` take it in."""
