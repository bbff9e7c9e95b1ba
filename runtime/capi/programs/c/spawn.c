/* What a codelet costs in C: empty ones, spawned from one thread. `cargo run --release -p sprat-capi --bin twin spawn` is the same
 * in Rust, so the difference is what the C interface costs.
 *
 *     spawn [CODELETS [REPEATS [ACCESSES]]]     1000000 and 9 unless said otherwise; with no, one and two accesses
 */
#include <sprat.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct run {
  size_t codelets;
  size_t accesses;
  sprat_codelet empty;
  sprat_block blocks[64];
} run;

static void must(sprat_status status) {
  if (status == SPRAT_OK) return;
  fprintf(stderr, "spawn: %s\n", sprat_error_message());
  exit(1);
}

static void empty(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  (void)scope, (void)params, (void)views, (void)count;
}

static void body(sprat_scope *scope, void *argument) {
  run *r = argument;
  for (size_t i = 0; i < r->codelets; i++) {
    double params[3] = {(double)i, 1, 2};
    switch (r->accesses) {
      case 0:
        must(sprat_spawn(scope, r->empty, params, NULL, 0, NULL, NULL));
        break;
      case 1: {
        sprat_access use = sprat_read_write(r->blocks[i % 64]);
        must(sprat_spawn(scope, r->empty, params, &use, 1, NULL, NULL));
        break;
      }
      default: {
        sprat_access use[2] = {sprat_read(r->blocks[(i + 1) % 64]), sprat_read_write(r->blocks[i % 64])};
        must(sprat_spawn(scope, r->empty, params, use, 2, NULL, NULL));
      }
    }
  }
}

static double seconds(void) {
  struct timespec now;
  timespec_get(&now, TIME_UTC);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int less(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  run r = {argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : 1000000, 0, {0}, {{0}}};
  size_t repeats = argc > 2 ? (size_t)strtoull(argv[2], NULL, 10) : 9;
  sprat_definition definition = {sizeof definition, "empty", empty, 3 * sizeof(double), 0, NULL, 0, 0, 0};
  sprat_runtime *runtime = NULL;
  double *times = malloc((repeats + 1) * sizeof *times);
  if (!times || r.codelets == 0 || repeats == 0) return 2;
  must(sprat_runtime_create(NULL, &runtime));
  must(sprat_codelet_define(&definition, &r.empty));
  must(sprat_blocks_create(runtime, 64, 1, sizeof(double), r.blocks));
  for (r.accesses = 0; r.accesses <= 2; r.accesses++) {
    if (argc > 3 && strtoull(argv[3], NULL, 10) != r.accesses) continue;
    for (size_t i = 0; i <= repeats; i++) {
      double begin = seconds();
      must(sprat_finish(runtime, body, &r));
      times[i] = (seconds() - begin) * 1e9 / (double)r.codelets;
    }
    /* The first one warms up. */
    qsort(times + 1, repeats, sizeof *times, less);
    printf("time: %.1f ns a codelet with %zu accesses (median of %zu, %.1f to %.1f)\n", times[1 + repeats / 2],
           r.accesses, repeats, times[1], times[repeats]);
  }
  must(sprat_runtime_destroy(runtime));
  free(times);
  return 0;
}
