"""Tags that the console templates use."""
