"""Limits of AWS, from its documentation. Those that are quotas of an account can be raised."""

from __future__ import annotations

PARTITION_WRITE_UNITS = 1000
PARTITION_READ_UNITS = 3000
"""A second, of one partition of a table. One key has no more: its newest entries are in one."""
PARTITION_BYTES = 10 * 10**9
NEW_TABLE_WRITE_UNITS = 4000
NEW_TABLE_READ_UNITS = 12_000
"""A second, of a table on demand that is new. Later it takes twice its last peak at once."""
NEW_TABLE_PARTITIONS = NEW_TABLE_WRITE_UNITS // PARTITION_WRITE_UNITS
TABLE_WRITE_UNITS = 40_000
TABLE_READ_UNITS = 40_000
"""A second, of one table. A quota."""
GATEWAY_REQUESTS = 10_000
"""A second, of all APIs of an account in a region. A quota."""
EXECUTIONS = 1000
NEW_ACCOUNT_EXECUTIONS = 10
"""At once, of all functions of an account in a region. A quota, with which a new account may begin lower."""
MIN_UNRESERVED_EXECUTIONS = 100
"""Of an account: no function can reserve them."""
NEW_EXECUTIONS = 1000
NEW_EXECUTIONS_SECONDS = 10
"""So many more executions of one function in so much time."""
PREFIX_WRITES = 3500
PREFIX_READS = 5500
"""Requests a second of one prefix of a bucket. S3 splits prefixes by itself, in minutes."""
