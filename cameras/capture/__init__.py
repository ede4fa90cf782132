"""Pictures from cameras: one process per camera, the newest picture first, and a camera's health in words."""
