/* comd on OpenMP: the same passes over the same cells, each a shared loop; a barrier ends it. */
#include "run.h"
#include <omp.h>

typedef struct program {
  comd_model model;
  comd_state state;
  int threads;
} program;

static void *begin(const comd_options *options, const comd_model *model, const comd_state *state) {
  program *p = comd_memory(1, sizeof *p);
  p->model = *model;
  p->state = comd_state_new(state->cells);
  p->threads = options->workers ? (int)options->workers : omp_get_max_threads();
  /* Each thread touches the cells first that its share of the loops has. */
#pragma omp parallel for schedule(static) num_threads(p->threads)
  for (size_t cell = 0; cell < state->cells; cell++) {
    p->state.where[cell] = state->where[cell];
    p->state.rest[cell] = state->rest[cell];
    p->state.leavers[cell].count = 0;
  }
#pragma omp parallel for schedule(static) num_threads(p->threads)
  for (size_t cell = 0; cell < state->cells; cell++) comd_pass_force(&p->model, &p->state, cell, 0);
  return p;
}

static size_t workers(void *self) { return (size_t)((program *)self)->threads; }

/* What was found, unless it is nothing: that is seldom, and all threads look. */
static void note(int *wrong, int found) {
  if (!found) return;
#pragma omp atomic write
  *wrong = found;
}

static void steps(void *self, size_t count) {
  program *p = self;
  int wrong = COMD_FINE;
#pragma omp parallel num_threads(p->threads)
  for (size_t step = 0; step < count; step++) {
    int found;
#pragma omp for schedule(static)
    for (size_t cell = 0; cell < p->state.cells; cell++) note(&wrong, comd_pass_drift(&p->model, &p->state, cell));
#pragma omp for schedule(static)
    for (size_t cell = 0; cell < p->state.cells; cell++) note(&wrong, comd_pass_collect(&p->model, &p->state, cell));
    /* Nobody writes it before the next step's `drift`, behind the barrier of `force`: all threads see the same, and leave together. */
#pragma omp atomic read
    found = wrong;
    if (found) break;
#pragma omp for schedule(static)
    for (size_t cell = 0; cell < p->state.cells; cell++) comd_pass_force(&p->model, &p->state, cell, 1);
  }
  if (!wrong) return;
  fprintf(stderr, "comd-openmp: %s\n", comd_text(wrong));
  exit(1);
}

static void fetch(void *self, const comd_state *state) {
  program *p = self;
  memcpy(state->where, p->state.where, state->cells * sizeof *state->where);
  memcpy(state->rest, p->state.rest, state->cells * sizeof *state->rest);
}

static void end(void *self) {
  program *p = self;
  comd_state_free(&p->state);
  free(p);
}

int main(int argc, char **argv) {
  static const comd_system openmp = {"comd-openmp", "threads", 0, begin, workers, steps, fetch, end};
  return comd_main(argc, argv, &openmp);
}
