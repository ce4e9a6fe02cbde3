"""The code that runs inside the process of the emulated AWS (MiniStack)."""
