#include "plain_loop.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { max_tables = 32 };

struct table {
    char *name;
    int columns;
    size_t rows, capacity;
    sqlite3_value **values;
    sqlite3_stmt *insert;
    size_t inserted;
};

static int run(sqlite3 *database, const char *sql) {
    return sqlite3_exec(database, sql, NULL, NULL, NULL);
}

static int copy_schema(sqlite3 *source, sqlite3 *target) {
    sqlite3_stmt *schema;
    const char *sql = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' "
                      "AND type IN ('table', 'index') ORDER BY type DESC, rowid";
    if (sqlite3_prepare_v2(source, sql, -1, &schema, NULL) != SQLITE_OK) return 0;
    int good = 1;
    while (good && sqlite3_step(schema) == SQLITE_ROW)
        good = run(target, (const char *)sqlite3_column_text(schema, 0)) == SQLITE_OK;
    sqlite3_finalize(schema);
    return good;
}

static int load(sqlite3 *source, struct table *table) {
    char sql[256];
    sqlite3_stmt *rows;
    snprintf(sql, sizeof sql, "SELECT * FROM \"%s\" ORDER BY rowid", table->name);
    if (sqlite3_prepare_v2(source, sql, -1, &rows, NULL) != SQLITE_OK) {
        snprintf(sql, sizeof sql, "SELECT * FROM \"%s\"", table->name);
        if (sqlite3_prepare_v2(source, sql, -1, &rows, NULL) != SQLITE_OK) return 0;
    }
    table->columns = sqlite3_column_count(rows);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        if (table->rows == table->capacity) {
            table->capacity = table->capacity ? 2 * table->capacity : 1024;
            table->values = realloc(table->values, table->capacity * table->columns * sizeof *table->values);
        }
        for (int column = 0; column < table->columns; column++)
            table->values[table->rows * table->columns + column] = sqlite3_value_dup(sqlite3_column_value(rows, column));
        table->rows++;
    }
    sqlite3_finalize(rows);
    return 1;
}

static int prepare_insert(sqlite3 *target, struct table *table) {
    char sql[1024];
    int length = snprintf(sql, sizeof sql, "INSERT INTO \"%s\" VALUES (", table->name);
    for (int column = 0; column < table->columns; column++)
        length += snprintf(sql + length, sizeof sql - length, column ? ", ?" : "?");
    snprintf(sql + length, sizeof sql - length, ")");
    return sqlite3_prepare_v3(target, sql, -1, SQLITE_PREPARE_PERSISTENT, &table->insert, NULL) == SQLITE_OK;
}

/// Inserts the rows of a table up to the given one.
static int insert(struct table *table, size_t end) {
    for (; table->inserted < end; table->inserted++) {
        sqlite3_value **row = table->values + table->inserted * table->columns;
        for (int column = 0; column < table->columns; column++) {
            switch (sqlite3_value_type(row[column])) {
            case SQLITE_INTEGER: sqlite3_bind_int64(table->insert, column + 1, sqlite3_value_int64(row[column])); break;
            case SQLITE_FLOAT: sqlite3_bind_double(table->insert, column + 1, sqlite3_value_double(row[column])); break;
            case SQLITE_NULL: sqlite3_bind_null(table->insert, column + 1); break;
            case SQLITE_TEXT:
                sqlite3_bind_text(
                    table->insert, column + 1, (const char *)sqlite3_value_text(row[column]),
                    sqlite3_value_bytes(row[column]), SQLITE_STATIC);
                break;
            default:
                sqlite3_bind_blob(
                    table->insert, column + 1, sqlite3_value_blob(row[column]), sqlite3_value_bytes(row[column]),
                    SQLITE_STATIC);
            }
        }
        if (sqlite3_step(table->insert) != SQLITE_DONE) return 0;
        sqlite3_reset(table->insert);
    }
    return 1;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

double plain_loop_copy(const char *source_path, const char *target_path, int batches) {
    sqlite3 *source, *target;
    struct table tables[max_tables] = {0};
    int count = 0;
    if (sqlite3_open_v2(source_path, &source, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) return -1;
    if (sqlite3_open(target_path, &target) != SQLITE_OK) return -2;
    run(target, "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                "PRAGMA wal_autocheckpoint = 16000; PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY");
    if (!copy_schema(source, target)) return -3;

    sqlite3_stmt *names;
    const char *sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    if (sqlite3_prepare_v2(source, sql, -1, &names, NULL) != SQLITE_OK) return -4;
    while (count < max_tables && sqlite3_step(names) == SQLITE_ROW)
        tables[count++].name = strdup((const char *)sqlite3_column_text(names, 0));
    sqlite3_finalize(names);
    for (int index = 0; index < count; index++)
        if (!load(source, &tables[index]) || !prepare_insert(target, &tables[index])) return -5;

    double start = now();
    for (int batch = 1; batch <= batches; batch++) {
        run(target, "BEGIN IMMEDIATE");
        for (int index = 0; index < count; index++)
            if (!insert(&tables[index], tables[index].rows * batch / batches)) return -6;
        if (run(target, "COMMIT") != SQLITE_OK) return -7;
    }
    double seconds = now() - start;

    for (int index = 0; index < count; index++) {
        sqlite3_finalize(tables[index].insert);
        for (size_t value = 0; value < tables[index].rows * tables[index].columns; value++)
            sqlite3_value_free(tables[index].values[value]);
        free(tables[index].values);
        free(tables[index].name);
    }
    sqlite3_close(source);
    sqlite3_close(target);
    return seconds;
}

long plain_fetch(const char *path, const char *sql) {
    static sqlite3 *database;
    static char opened[4096];
    if (strcmp(opened, path) != 0) {
        sqlite3_close(database);
        if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) return -1;
        snprintf(opened, sizeof opened, "%s", path);
    }
    sqlite3_stmt *rows;
    if (sqlite3_prepare_v2(database, sql, -1, &rows, NULL) != SQLITE_OK) return -2;
    long count = 0;
    volatile long long sum = 0;
    int columns = sqlite3_column_count(rows);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        for (int column = 0; column < columns; column++) {
            switch (sqlite3_column_type(rows, column)) {
            case SQLITE_INTEGER: sum += sqlite3_column_int64(rows, column); break;
            case SQLITE_NULL: break;
            default: sum += *(const unsigned char *)sqlite3_column_text(rows, column); break;
            }
        }
        count++;
    }
    sqlite3_finalize(rows);
    return count;
}
