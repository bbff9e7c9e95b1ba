#include <sprat.h>
#include <stdio.h>

/* Codelets: their parameters are a copy, their views the blocks that the spawn names, in that order. */
static void fill(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  const double value = *(const double *)params;
  double *x = views[0].data;
  (void)scope, (void)count;
  for (size_t i = 0; i < views[0].bytes / sizeof *x; i++) x[i] = value;
}

static void add(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  const double *from = views[0].data;
  double *to = views[1].data;
  (void)scope, (void)params, (void)count;
  for (size_t i = 0; i < views[1].bytes / sizeof *to; i++) to[i] += from[i];
}

struct program {
  sprat_codelet fill, add;
  sprat_block tiles[4];
};

/* The body of a scope: it spawns, and what it spawns runs in the order that follows from the accesses. */
static void body(sprat_scope *scope, void *argument) {
  const struct program *p = argument;
  for (int i = 0; i < 4; i++) {
    const double value = i;
    const sprat_access use = sprat_write(p->tiles[i]);
    sprat_spawn(scope, p->fill, &value, &use, 1, NULL, NULL);
  }
  for (int i = 0; i < 3; i++) {
    const sprat_access uses[2] = {sprat_read(p->tiles[i]), sprat_read_write(p->tiles[i + 1])};
    sprat_spawn(scope, p->add, NULL, uses, 2, NULL, NULL);
  }
}

int main(void) {
  const sprat_definition fill_is = {sizeof fill_is, "fill", fill, sizeof(double), 0, NULL, 0, 0, 0};
  const sprat_definition add_is = {sizeof add_is, "add", add, 0, 0, NULL, 0, 0, 0};
  struct program p;
  sprat_runtime *runtime;
  double last;
  if (sprat_runtime_create(NULL, &runtime) || sprat_codelet_define(&fill_is, &p.fill) ||
      sprat_codelet_define(&add_is, &p.add) || sprat_blocks_create(runtime, 4, 1000, sizeof(double), p.tiles) ||
      sprat_finish(runtime, body, &p) || sprat_block_read(runtime, p.tiles[3], 0, &last, sizeof last) ||
      sprat_runtime_destroy(runtime)) {
    fprintf(stderr, "%s\n", sprat_error_message());
    return 1;
  }
  printf("the last tile holds %g\n", last);
  return 0;
}
