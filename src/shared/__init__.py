"""The parts that the API, the processor and the operators share. Nothing here knows HTTP or Lambda events."""
