"""Makes the bundled base models and their data; see README.md beside it."""
