/* comd on Sprat: cells in groups, each group's data in three blocks; one step is recorded and replayed.
 *
 * Groups meet as their cells do. A codelet for each pass and group declares what the pass uses: a force waits for the 27 groups
 * around it and for no others, so steps of distant groups overlap, and there is no barrier anywhere.
 */
#include "run.h"
#include <sprat.h>

/* A group, as its codelets know it. */
typedef struct group {
  const comd_model *model;
  uint32_t begin[3];           /* its first cell */
  uint32_t extent[3][3];       /* cells of the groups before it, of itself, and after it, in each direction */
  uint8_t view[COMD_NEAR];     /* which of the views of neighbours is that of which neighbour */
  uint8_t kick;                /* whether a force is followed by half a kick */
} group;

/* The program's state, between the calls of `run.h`. */
typedef struct program {
  comd_model model;
  size_t sides; /* groups on each side */
  size_t count; /* all of them */
  group *groups;
  sprat_block *where, *rest, *leavers;
  sprat_codelet drift, collect, force;
  sprat_runtime *runtime;
  sprat_graph *graph;
  uint8_t kick;
} program;

static void must(sprat_status status) {
  if (status == SPRAT_OK) return;
  fprintf(stderr, "comd: %s\n", sprat_error_message());
  exit(1);
}

static uint32_t begin_of(const program *p, size_t at) { return (uint32_t)(at * p->model.cells / p->sides); }

static size_t cells_of(const group *g) { return (size_t)g->extent[0][1] * g->extent[1][1] * g->extent[2][1]; }

/* The coordinates of a cell of the group. */
static void place(const group *g, size_t cell, size_t at[3]) {
  at[0] = g->begin[0] + cell % g->extent[0][1];
  at[1] = g->begin[1] + cell / g->extent[0][1] % g->extent[1][1];
  at[2] = g->begin[2] + cell / g->extent[0][1] / g->extent[1][1];
}

/* The neighbours of a cell of the group: in which view, at which place there, and their shifts. */
static void around(const group *g, size_t cell, uint8_t view[COMD_NEAR], size_t index[COMD_NEAR], double shift[COMD_NEAR][3]) {
  size_t at[3], local[3][3];
  int of[3][3];
  double by[3][3];
  place(g, cell, at);
  for (int d = 0; d < 3; d++)
    for (int k = -1; k <= 1; k++) {
      ptrdiff_t here = (ptrdiff_t)(at[d] - g->begin[d]) + k, end = (ptrdiff_t)g->extent[d][1];
      of[d][k + 1] = here < 0 ? -1 : here >= end ? 1 : 0;
      local[d][k + 1] = here < 0 ? g->extent[d][0] - 1 : here >= end ? 0 : (size_t)here;
      comd_next(g->model, at[d], k, &by[d][k + 1]);
    }
  for (int z = 0; z < 3; z++)
    for (int y = 0; y < 3; y++)
      for (int x = 0; x < 3; x++) {
        size_t to = comd_direction(x - 1, y - 1, z - 1);
        size_t width = g->extent[0][of[0][x] + 1], height = g->extent[1][of[1][y] + 1];
        view[to] = g->view[comd_direction(of[0][x], of[1][y], of[2][z])];
        index[to] = local[0][x] + width * (local[1][y] + height * local[2][z]);
        shift[to][0] = by[0][x], shift[to][1] = by[1][y], shift[to][2] = by[2][z];
      }
}

/* Its own where, rest and leavers. */
static void drift(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  const group *g = params;
  comd_where *where = views[0].data;
  comd_rest *rest = views[1].data;
  comd_leavers *leavers = views[2].data;
  (void)count;
  for (size_t cell = 0; cell < cells_of(g); cell++) {
    size_t at[3];
    place(g, cell, at);
    int wrong = comd_drift(g->model, at, where + cell, rest + cell, leavers + cell);
    if (wrong) sprat_fail(scope, comd_text(wrong));
  }
}

/* Its own where and rest, and the leavers of all around. */
static void collect(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  const group *g = params;
  comd_where *where = views[0].data;
  comd_rest *rest = views[1].data;
  (void)count;
  for (size_t cell = 0; cell < cells_of(g); cell++) {
    const comd_leavers *near[COMD_NEAR];
    uint8_t view[COMD_NEAR];
    size_t index[COMD_NEAR];
    double shift[COMD_NEAR][3];
    around(g, cell, view, index, shift);
    for (size_t d = 0; d < COMD_NEAR; d++) near[d] = (const comd_leavers *)views[2 + view[d]].data + index[d];
    int wrong = comd_collect(where + cell, rest + cell, near);
    if (wrong) sprat_fail(scope, comd_text(wrong));
  }
}

/* Its own rest, and where the atoms of all around are. */
static void force(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  const group *g = params;
  comd_rest *rest = views[0].data;
  const comd_where *where = views[1 + g->view[COMD_NEAR / 2]].data;
  (void)scope, (void)count;
  for (size_t cell = 0; cell < cells_of(g); cell++) {
    const comd_where *near[COMD_NEAR];
    uint8_t view[COMD_NEAR];
    size_t index[COMD_NEAR];
    double shift[COMD_NEAR][3];
    around(g, cell, view, index, shift);
    for (size_t d = 0; d < COMD_NEAR; d++) near[d] = (const comd_where *)views[1 + view[d]].data + index[d];
    comd_force(where + cell, rest + cell, near, shift);
    if (g->kick) comd_half_kick(g->model, where[cell].count, rest + cell);
  }
}

/* The groups around one, each once (where there are few, some lie on both sides); tells which is where. */
static size_t neighbours(const program *p, size_t at, size_t near[COMD_NEAR], uint8_t view[COMD_NEAR]) {
  size_t n = p->sides, x = at % n, y = at / n % n, z = at / n / n, count = 0;
  for (size_t k = 0; k < 3; k++)
    for (size_t j = 0; j < 3; j++)
      for (size_t i = 0; i < 3; i++) {
        size_t there = (x + i + n - 1) % n + n * ((y + j + n - 1) % n + n * ((z + k + n - 1) % n)), found = 0;
        while (found < count && near[found] != there) found++;
        if (found == count) near[count++] = there;
        view[i + 3 * j + 9 * k] = (uint8_t)found;
      }
  return count;
}

static void set_up_group(program *p, size_t at) {
  size_t n = p->sides, near[COMD_NEAR], to[3] = {at % n, at / n % n, at / n / n};
  group *g = &p->groups[at];
  g->model = &p->model;
  for (int d = 0; d < 3; d++) {
    g->begin[d] = begin_of(p, to[d]);
    for (size_t k = 0; k < 3; k++) {
      size_t there = (to[d] + k + n - 1) % n;
      g->extent[d][k] = begin_of(p, there + 1) - begin_of(p, there);
    }
  }
  neighbours(p, at, near, g->view);
}

static void spawn(sprat_scope *scope, program *p, size_t at, sprat_codelet codelet, const sprat_access *uses, size_t count) {
  group g = p->groups[at];
  sprat_options options = SPRAT_OPTIONS_INIT;
  options.place = SPRAT_NEAR;
  options.near_block = p->where[at];
  g.kick = p->kick;
  must(sprat_spawn(scope, codelet, &g, uses, count, &options, NULL));
}

static void spawn_forces(sprat_scope *scope, program *p) {
  for (size_t at = 0; at < p->count; at++) {
    size_t near[COMD_NEAR];
    uint8_t view[COMD_NEAR];
    size_t count = neighbours(p, at, near, view);
    sprat_access uses[1 + COMD_NEAR] = {sprat_read_write(p->rest[at])};
    for (size_t i = 0; i < count; i++) uses[1 + i] = sprat_read(p->where[near[i]]);
    spawn(scope, p, at, p->force, uses, 1 + count);
  }
}

static void first_forces(sprat_scope *scope, void *argument) { spawn_forces(scope, argument); }

static void one_step(sprat_scope *scope, void *argument) {
  program *p = argument;
  for (size_t at = 0; at < p->count; at++) {
    sprat_access uses[3] = {sprat_read_write(p->where[at]), sprat_read_write(p->rest[at]), sprat_write(p->leavers[at])};
    spawn(scope, p, at, p->drift, uses, 3);
  }
  for (size_t at = 0; at < p->count; at++) {
    size_t near[COMD_NEAR];
    uint8_t view[COMD_NEAR];
    size_t count = neighbours(p, at, near, view);
    sprat_access uses[2 + COMD_NEAR] = {sprat_read_write(p->where[at]), sprat_read_write(p->rest[at])};
    for (size_t i = 0; i < count; i++) uses[2 + i] = sprat_read(p->leavers[near[i]]);
    spawn(scope, p, at, p->collect, uses, 2 + count);
  }
  spawn_forces(scope, p);
}

static sprat_codelet define(const char *name, sprat_body body, const sprat_mode *modes, size_t count) {
  sprat_definition definition = {sizeof definition, name, body, sizeof(group), 0, modes, count, SPRAT_REPEAT_LAST, 0};
  sprat_codelet codelet;
  must(sprat_codelet_define(&definition, &codelet));
  return codelet;
}

/* Copies a group's cells between its block and the whole, row by row: `from` is what the block gives or gets. */
static void copy_cells(program *p, size_t at, sprat_block block, char *whole, size_t bytes, int out) {
  const group *g = &p->groups[at];
  size_t width = g->extent[0][1], rows = cells_of(g) / width;
  for (size_t row = 0; row < rows; row++) {
    size_t cell[3];
    place(g, row * width, cell);
    char *there = whole + bytes * (cell[0] + p->model.cells * (cell[1] + p->model.cells * cell[2]));
    if (out) must(sprat_block_read(p->runtime, block, row * width * bytes, there, width * bytes));
    else must(sprat_block_write(p->runtime, block, row * width * bytes, there, width * bytes));
  }
}

static void make_blocks(program *p) {
  static const size_t sizes[3] = {sizeof(comd_where), sizeof(comd_rest), sizeof(comd_leavers)};
  sprat_block **blocks[3] = {&p->where, &p->rest, &p->leavers};
  for (int i = 0; i < 3; i++) {
    size_t most = 0;
    for (size_t at = 0; at < p->count; at++) most = cells_of(&p->groups[at]) > most ? cells_of(&p->groups[at]) : most;
    *blocks[i] = comd_memory(p->count, sizeof(sprat_block));
    must(sprat_blocks_create(p->runtime, p->count, most, sizes[i], *blocks[i]));
  }
}

static void *begin(const comd_options *options, const comd_model *model, const comd_state *state) {
  static const sprat_mode drifts[3] = {SPRAT_READ_WRITE, SPRAT_READ_WRITE, SPRAT_WRITE};
  static const sprat_mode collects[3] = {SPRAT_READ_WRITE, SPRAT_READ_WRITE, SPRAT_READ};
  static const sprat_mode forces[2] = {SPRAT_READ_WRITE, SPRAT_READ};
  sprat_config config = SPRAT_CONFIG_INIT;
  program *p = comd_memory(1, sizeof *p);
  p->model = *model;
  p->sides = (model->cells + options->group - 1) / options->group;
  p->count = p->sides * p->sides * p->sides;
  p->groups = comd_memory(p->count, sizeof *p->groups);
  for (size_t at = 0; at < p->count; at++) set_up_group(p, at);
  config.xes = options->workers;
  must(sprat_runtime_create(&config, &p->runtime));
  p->drift = define("drift", drift, drifts, 3);
  p->collect = define("collect", collect, collects, 3);
  p->force = define("force", force, forces, 2);
  make_blocks(p);
  for (size_t at = 0; at < p->count; at++) {
    copy_cells(p, at, p->where[at], (char *)state->where, sizeof *state->where, 0);
    copy_cells(p, at, p->rest[at], (char *)state->rest, sizeof *state->rest, 0);
  }
  p->kick = 0;
  must(sprat_finish(p->runtime, first_forces, p));
  p->kick = 1;
  must(sprat_record(p->runtime, one_step, p, &p->graph));
  return p;
}

static size_t workers(void *self) {
  program *p = self;
  sprat_machine machine = SPRAT_MACHINE_INIT;
  must(sprat_machine_get(p->runtime, &machine));
  return machine.xes;
}

static void steps(void *self, size_t count) {
  program *p = self;
  must(sprat_replay(p->runtime, p->graph, count));
}

static void fetch(void *self, const comd_state *state) {
  program *p = self;
  for (size_t at = 0; at < p->count; at++) {
    copy_cells(p, at, p->where[at], (char *)state->where, sizeof *state->where, 1);
    copy_cells(p, at, p->rest[at], (char *)state->rest, sizeof *state->rest, 1);
  }
}

static void end(void *self) {
  program *p = self;
  must(sprat_graph_destroy(p->graph));
  must(sprat_runtime_destroy(p->runtime));
  free(p->groups), free(p->where), free(p->rest), free(p->leavers), free(p);
}

int main(int argc, char **argv) {
  static const comd_system sprat = {"comd", "engines", 1, begin, workers, steps, fetch, end};
  return comd_main(argc, argv, &sprat);
}
