"""Files that leave the system: how a table is written, the code tables, and the set of open data files."""
