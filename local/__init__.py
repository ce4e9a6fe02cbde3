"""The embedded stack behind `make start`: an emulated AWS with the project deployed in it."""
