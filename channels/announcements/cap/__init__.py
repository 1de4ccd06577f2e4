"""Alerts as CAP 1.2: the words of those that arrive, and our announcements as the world may read them."""
