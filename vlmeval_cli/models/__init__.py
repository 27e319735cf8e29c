"""Networks that encode texts and images, and what they read."""
