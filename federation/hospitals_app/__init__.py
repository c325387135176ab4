"""The Flower app of lesson 21 for real machines: what the server does, and what a hospital does."""
