"""A simulation of a deployment: functions, partitions of tables, and the stream between them."""
