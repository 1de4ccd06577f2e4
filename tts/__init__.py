"""Text -> speakable Chinese -> speech -> a finished programme. Imports nothing of ours: texts and names are handed in."""
