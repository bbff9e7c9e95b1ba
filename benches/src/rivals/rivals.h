/* What the drivers in C and C++ share: bodies that Rust hands in, and graphs. */
#ifndef SPRAT_RIVALS_H
#define SPRAT_RIVALS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Runs one item: a task, an item of a loop, or a worker, by its number. */
typedef void (*rival_body)(const void *context, size_t item);

/* Items first..end. */
typedef struct {
    size_t first, end;
} rival_row;

/* The list of task t is items[starts[t]] .. items[starts[t + 1]]. */
typedef struct {
    const uint32_t *starts, *items;
} rival_lists;

/* Tasks in program order, row by row. */
typedef struct {
    size_t rows;
    const rival_row *row;
    /* All task numbers are below this; some may be missing. */
    size_t numbers;
    rival_lists before, after;
} rival_graph;

#ifdef __cplusplus
}
#endif

#endif
