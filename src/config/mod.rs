//! Files, environment and flags to one checked configuration; every mistake at once, with file, line and column.
