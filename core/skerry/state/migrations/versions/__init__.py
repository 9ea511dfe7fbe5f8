"""The revisions, oldest first by their numbers. One that was released stays as it is."""
