#ifndef PLAIN_LOOP_H
#define PLAIN_LOOP_H

/// Reads all rows of the SQLite file `source` into memory, then inserts them into the same tables with the same
/// indexes of the new file `target`: statements prepared once, `batches` transactions, the store's own settings.
/// Returns the seconds that inserting took, or a negative number when SQLite refused something.
double plain_loop_copy(const char *source, const char *target, int batches);

/// Runs a query on the SQLite file `path`, on a connection that is kept open, and looks at every column of every row.
/// Returns the number of rows, or a negative number when SQLite refused something.
long plain_fetch(const char *path, const char *sql);

#endif
