/* OpenMP, compiled once for each of its runtimes: gcc's libgomp and LLVM's libomp.
 *
 * RIVAL(name) puts the runtime's name in front, so that both fit in one program. For the same reason nothing here calls
 * an omp_ function: both libraries have them, and the linker would take one for both.
 *
 * Threads are pinned once, and the runtimes keep them; between regions they spin (for as long as `rest` in openmp.rs
 * says), so no region wakes anybody.
 */
#define _GNU_SOURCE
#include "rivals.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#define PASTE(a, b) a##_##b
#define JOIN(a, b) PASTE(a, b)
#define RIVAL(name) JOIN(RUNTIME, name)

#ifdef RIVAL_LLVM
extern void kmp_set_blocktime(int milliseconds);
extern void kmp_set_library_turnaround(void);
#endif

/* Pins thread i of each region to come to cpus[i]. Also the caller, who is thread 0. */
int RIVAL(pin)(int workers, const uint32_t *cpus) {
    int refused = 0;
#ifdef RIVAL_LLVM
    kmp_set_library_turnaround();
    kmp_set_blocktime(4);
#endif
/* One iteration for each thread, in order. */
#pragma omp parallel for num_threads(workers) schedule(static, 1) reduction(+ : refused)
    for (int i = 0; i < workers; i++) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(cpus[i], &set);
        refused += pthread_setaffinity_np(pthread_self(), sizeof set, &set) != 0;
    }
    return refused;
}

/* Row after row, in one region: a loop and its barrier for each. */
void RIVAL(rows)(int workers, size_t rows, const rival_row *row, rival_body body, const void *context) {
#pragma omp parallel num_threads(workers)
    for (size_t r = 0; r < rows; r++) {
        const size_t end = row[r].end;
#pragma omp for schedule(static)
        for (size_t i = row[r].first; i < end; i++)
            body(context, i);
    }
}

/* The same for items that take different times: who is done takes the next. */
void RIVAL(rows_dynamic)(int workers, size_t rows, const rival_row *row, rival_body body, const void *context) {
#pragma omp parallel num_threads(workers)
    for (size_t r = 0; r < rows; r++) {
        const size_t end = row[r].end;
#pragma omp for schedule(dynamic, 1)
        for (size_t i = row[r].first; i < end; i++)
            body(context, i);
    }
}

/* A region for each turn. */
void RIVAL(workers)(int workers, size_t regions, rival_body body, const void *context) {
    for (size_t r = 0; r < regions; r++) {
#pragma omp parallel for num_threads(workers) schedule(static, 1)
        for (int i = 0; i < workers; i++)
            body(context, (size_t)i);
    }
}

/* A task for each task, made by one thread in program order; what they wait for follows from the marks that they name. */
void RIVAL(tasks)(int workers, const rival_graph *graph, char *mark, rival_body body, const void *context) {
    const uint32_t *starts = graph->before.starts;
#pragma omp parallel num_threads(workers)
#pragma omp single
    for (size_t r = 0; r < graph->rows; r++) {
        for (size_t t = graph->row[r].first; t < graph->row[r].end; t++) {
            const uint32_t *from = graph->before.items + starts[t];
            switch (starts[t + 1] - starts[t]) {
            case 0:
#pragma omp task firstprivate(t) depend(out : mark[t])
                body(context, t);
                break;
            case 1:
#pragma omp task firstprivate(t) depend(in : mark[from[0]]) depend(out : mark[t])
                body(context, t);
                break;
            case 2:
#pragma omp task firstprivate(t) depend(in : mark[from[0]], mark[from[1]]) depend(out : mark[t])
                body(context, t);
                break;
            case 3:
#pragma omp task firstprivate(t) depend(in : mark[from[0]], mark[from[1]], mark[from[2]]) depend(out : mark[t])
                body(context, t);
                break;
            case 4:
#pragma omp task firstprivate(t) depend(in : mark[from[0]], mark[from[1]], mark[from[2]], mark[from[3]]) depend(out : mark[t])
                body(context, t);
                break;
            case 5:
#pragma omp task firstprivate(t) depend(in : mark[from[0]], mark[from[1]], mark[from[2]], mark[from[3]], mark[from[4]]) depend(out : mark[t])
                body(context, t);
                break;
            default:
                /* No pattern has more. */
                abort();
            }
        }
    }
}
