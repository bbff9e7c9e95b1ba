/* Heat on a plate: sweeps of Jacobi's method over rows in blocks, recorded once and replayed; the same bits as a serial loop.
 *
 *     jacobi [SIZE [SWEEPS [BLOCKS]]]     512, 100 and 16 unless said otherwise
 */
#include <sprat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct plate {
  size_t size;   /* cells of a row, and rows */
  size_t blocks; /* the plate is cut into so many blocks of rows */
  sprat_block *now, *next;
  sprat_codelet sweep;
} plate;

typedef struct strip {
  size_t size;       /* cells of a row */
  int32_t top, bottom; /* whether the strip is at an edge of the plate */
} strip;

static void must(sprat_status status) {
  if (status == SPRAT_OK) return;
  fprintf(stderr, "jacobi: %s\n", sprat_error_message());
  exit(1);
}

/* One row from it and its neighbours; the plate's edges stay. */
static void row(size_t size, const double *above, const double *here, const double *below, double *out) {
  out[0] = here[0];
  out[size - 1] = here[size - 1];
  for (size_t j = 1; j + 1 < size; j++) out[j] = 0.25 * (above[j] + here[j - 1] + here[j + 1] + below[j]);
}

/* The views: the strip, the next one's strip, and the strips above and below, as far as there are any. */
static void sweep(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  const strip *s = params;
  const double *here = views[0].data;
  double *out = views[1].data;
  size_t size = s->size, rows = views[0].bytes / sizeof(double) / size;
  const double *above = s->top ? NULL : views[2].data;
  const double *below = s->bottom ? NULL : views[count - 1].data;
  (void)scope;
  if (above) above += (rows - 1) * size;
  for (size_t i = 0; i < rows; i++) {
    const double *up = i > 0 ? here + (i - 1) * size : above;
    const double *down = i + 1 < rows ? here + (i + 1) * size : below;
    if (up && down) row(size, up, here + i * size, down, out + i * size);
    else memcpy(out + i * size, here + i * size, size * sizeof(double));
  }
}

static void spawn_sweep(sprat_scope *scope, plate *p, const sprat_block *from, const sprat_block *to) {
  for (size_t b = 0; b < p->blocks; b++) {
    strip s = {p->size, b == 0, b + 1 == p->blocks};
    sprat_options options = SPRAT_OPTIONS_INIT;
    sprat_access uses[4];
    size_t count = 0;
    uses[count++] = sprat_read(from[b]);
    uses[count++] = sprat_write(to[b]);
    if (!s.top) uses[count++] = sprat_read(from[b - 1]);
    if (!s.bottom) uses[count++] = sprat_read(from[b + 1]);
    options.place = SPRAT_NEAR;
    options.near_block = to[b];
    must(sprat_spawn(scope, p->sweep, &s, uses, count, &options, NULL));
  }
}

static void two_sweeps(sprat_scope *scope, void *argument) {
  plate *p = argument;
  spawn_sweep(scope, p, p->now, p->next);
  spawn_sweep(scope, p, p->next, p->now);
}

static double seconds(void) {
  struct timespec now;
  timespec_get(&now, TIME_UTC);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static size_t number(int argc, char **argv, int at, size_t otherwise) {
  return argc > at ? (size_t)strtoull(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv) {
  plate p = {number(argc, argv, 1, 512), number(argc, argv, 3, 16), NULL, NULL, {0}};
  size_t sweeps = number(argc, argv, 2, 100), cells, rows, wrong = 0;
  static const sprat_mode modes[3] = {SPRAT_READ, SPRAT_WRITE, SPRAT_READ};
  sprat_definition definition = {sizeof definition, "sweep", sweep, sizeof(strip), 0, modes, 3, SPRAT_REPEAT_LAST, 0};
  sprat_runtime *runtime = NULL;
  sprat_graph *graph = NULL;
  double *plain, *other, begin, replayed, serial;
  if (p.blocks < 2 || p.size < 2 * p.blocks || p.size % p.blocks != 0 || sweeps % 2 != 0 || sweeps < 4) {
    fprintf(stderr, "jacobi: SIZE is a multiple of BLOCKS (from 2 on), at least twice as large; SWEEPS is even, and at least 4\n");
    return 2;
  }
  rows = p.size / p.blocks;
  cells = p.size * p.size;
  plain = malloc(cells * sizeof *plain);
  other = malloc(cells * sizeof *other);
  p.now = malloc(p.blocks * sizeof *p.now);
  p.next = malloc(p.blocks * sizeof *p.next);
  if (!plain || !other || !p.now || !p.next) return 1;
  for (size_t i = 0; i < cells; i++) plain[i] = i < p.size ? 100.0 : (double)(i * 7 % 13);

  must(sprat_runtime_create(NULL, &runtime));
  must(sprat_codelet_define(&definition, &p.sweep));
  must(sprat_blocks_create(runtime, p.blocks, rows * p.size, sizeof(double), p.now));
  must(sprat_blocks_create(runtime, p.blocks, rows * p.size, sizeof(double), p.next));
  for (size_t b = 0; b < p.blocks; b++) {
    size_t bytes = rows * p.size * sizeof(double);
    must(sprat_block_write(runtime, p.now[b], 0, plain + b * rows * p.size, bytes));
  }
  must(sprat_record(runtime, two_sweeps, &p, &graph));
  /* The first round touches the memory of what it writes. */
  must(sprat_replay(runtime, graph, 1));
  begin = seconds();
  must(sprat_replay(runtime, graph, sweeps / 2 - 1));
  replayed = seconds() - begin;

  begin = seconds();
  for (size_t s = 0; s < sweeps; s++) {
    double *swap = plain;
    for (size_t i = 0; i < p.size; i++) {
      double *here = plain + i * p.size;
      if (i == 0 || i + 1 == p.size) memcpy(other + i * p.size, here, p.size * sizeof(double));
      else row(p.size, here - p.size, here, here + p.size, other + i * p.size);
    }
    plain = other;
    other = swap;
  }
  serial = seconds() - begin;
  for (size_t b = 0; b < p.blocks; b++) {
    size_t bytes = rows * p.size * sizeof(double);
    must(sprat_block_read(runtime, p.now[b], 0, other, bytes));
    if (memcmp(other, plain + b * rows * p.size, bytes) != 0) wrong++;
  }
  must(sprat_graph_destroy(graph));
  must(sprat_runtime_destroy(runtime));
  free(plain), free(other), free(p.now), free(p.next);
  printf("jacobi: %zu x %zu cells, %zu sweeps, all but the first 2 in %.3f s (serial all in %.3f s): ", p.size, p.size, sweeps, replayed,
         serial);
  printf(wrong ? "%zu blocks DIFFER\n" : "the same bits as a serial loop\n", wrong);
  printf("time: %.1f ns a codelet\n", replayed * 1e9 / (double)((sweeps - 2) * p.blocks));
  return wrong != 0;
}
