"""Programs of their own, each started as a child process: they import nothing of this project."""
