/* Heat on a plate over ranks of MPI: each has a share of the rows, in blocks, and trades its outermost rows with its neighbours by calls
 * that do not block. A control engine polls their requests, and what needs a neighbour's row waits for that; the rest does not.
 * The same bits as a serial loop, with any number of ranks.
 *
 *     mpirun -n RANKS jacobi [SIZE [SWEEPS [BLOCKS [XES]]]]     256, 50 and 4 a rank unless said otherwise; all of the rank's cores
 */
#include <mpi.h>
#include <sprat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The trade with one neighbour. Only one is under way at a time, since each writes `ghost`, and is over when the row is there. */
typedef struct trade {
  int peer, send_tag, receive_tag;
  size_t size, row; /* cells of a row; which row of the block is sent */
  double *out, *in; /* what MPI uses stays where it is; blocks may move */
  MPI_Request requests[2];
  sprat_block ghost; /* the neighbour's row */
} trade;

typedef struct share {
  size_t size, rows, blocks, sweeps; /* cells of a row; rows of a block; blocks of this rank */
  int top, bottom;                   /* whether the share is at an edge of the plate */
  sprat_block *now, *next;
  trade up, down;
} share;

typedef struct strip {
  size_t size;
  int32_t top, bottom;          /* whether the strip is at an edge of the plate */
  int32_t ghost_above, ghost_below; /* whether what is beside it is a single row */
} strip;

static sprat_codelet sweep_codelet, trade_codelet, unpack_codelet;

static void must(sprat_status status) {
  if (status == SPRAT_OK) return;
  fprintf(stderr, "jacobi: %s\n", sprat_error_message());
  MPI_Abort(MPI_COMM_WORLD, 1);
}

/* What a control engine asks: 0 as long as the two requests are under way. */
static int32_t are_complete(void *argument) {
  trade *t = argument;
  int complete = 0;
  if (MPI_Testall(2, t->requests, &complete, MPI_STATUSES_IGNORE) != MPI_SUCCESS) return -1;
  return complete;
}

static void unpack(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  const trade *t = *(trade *const *)params;
  (void)scope, (void)count;
  memcpy(views[0].data, t->in, views[0].bytes);
}

/* The views: the block whose row is sent, and the ghost. They are held until the child has ended, too. */
static void begin_trade(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  trade *t = *(trade *const *)params;
  const double *edge = (const double *)views[0].data + t->row * t->size;
  sprat_options options = SPRAT_OPTIONS_INIT;
  sprat_access ghost = sprat_write(t->ghost);
  sprat_event came;
  (void)count;
  memcpy(t->out, edge, t->size * sizeof(double));
  if (MPI_Irecv(t->in, (int)t->size, MPI_DOUBLE, t->peer, t->receive_tag, MPI_COMM_WORLD, &t->requests[0]) != MPI_SUCCESS ||
      MPI_Isend(t->out, (int)t->size, MPI_DOUBLE, t->peer, t->send_tag, MPI_COMM_WORLD, &t->requests[1]) != MPI_SUCCESS) {
    must(sprat_fail(scope, "MPI refused a row"));
    return;
  }
  must(sprat_event_poll_in(scope, "a neighbour's row", are_complete, t, &came));
  options.after = &came;
  options.after_count = 1;
  must(sprat_spawn(scope, unpack_codelet, params, &ghost, 1, &options, NULL));
  must(sprat_event_destroy(came)); /* the name, which nobody needs any more */
}

static void row(size_t size, const double *above, const double *here, const double *below, double *out) {
  out[0] = here[0];
  out[size - 1] = here[size - 1];
  for (size_t j = 1; j + 1 < size; j++) out[j] = 0.25 * (above[j] + here[j - 1] + here[j + 1] + below[j]);
}

/* The views: the strip, the next one's strip, and what is above and below, as far as there is any. */
static void sweep(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  const strip *s = params;
  const double *here = views[0].data;
  double *out = views[1].data;
  size_t size = s->size, rows = views[0].bytes / sizeof(double) / size;
  const double *above = s->top ? NULL : views[2].data;
  const double *below = s->bottom ? NULL : views[count - 1].data;
  (void)scope;
  if (above && !s->ghost_above) above += (rows - 1) * size;
  for (size_t i = 0; i < rows; i++) {
    const double *up = i > 0 ? here + (i - 1) * size : above;
    const double *down = i + 1 < rows ? here + (i + 1) * size : below;
    if (up && down) row(size, up, here + i * size, down, out + i * size);
    else memcpy(out + i * size, here + i * size, size * sizeof(double));
  }
}

static void spawn_trade(sprat_scope *scope, trade *t, sprat_block edge) {
  sprat_access uses[2] = {sprat_read(edge), sprat_write(t->ghost)};
  must(sprat_spawn(scope, trade_codelet, &t, uses, 2, NULL, NULL));
}

static void all_sweeps(sprat_scope *scope, void *argument) {
  share *p = argument;
  for (size_t n = 0; n < p->sweeps; n++) {
    sprat_block *swap = p->now;
    if (!p->top) spawn_trade(scope, &p->up, p->now[0]);
    if (!p->bottom) spawn_trade(scope, &p->down, p->now[p->blocks - 1]);
    for (size_t b = 0; b < p->blocks; b++) {
      int first = b == 0, last = b + 1 == p->blocks;
      strip s = {p->size, first && p->top, last && p->bottom, first, last};
      sprat_access uses[4];
      size_t count = 0;
      uses[count++] = sprat_read(p->now[b]);
      uses[count++] = sprat_write(p->next[b]);
      if (!s.top) uses[count++] = sprat_read(first ? p->up.ghost : p->now[b - 1]);
      if (!s.bottom) uses[count++] = sprat_read(last ? p->down.ghost : p->now[b + 1]);
      must(sprat_spawn(scope, sweep_codelet, &s, uses, count, NULL, NULL));
    }
    p->now = p->next;
    p->next = swap;
  }
}

static trade trade_with(sprat_runtime *runtime, int peer, int upwards, size_t size, size_t sent_row) {
  trade t = {peer, upwards, !upwards, size, sent_row, NULL, NULL, {MPI_REQUEST_NULL, MPI_REQUEST_NULL}, {0}};
  t.out = malloc(size * sizeof(double));
  t.in = malloc(size * sizeof(double));
  if (!t.out || !t.in) MPI_Abort(MPI_COMM_WORLD, 1);
  must(sprat_block_create(runtime, size, sizeof(double), &t.ghost));
  return t;
}

static double begins_with(size_t size, size_t cell) { return cell < size ? 100.0 : (double)(cell * 7 % 13); }

/* How many of this rank's blocks are not what a serial loop over the whole plate makes. */
static size_t wrong_blocks(sprat_runtime *runtime, const share *p, size_t first_row) {
  size_t size = p->size, cells = size * size, of_block = p->rows * size, wrong = 0;
  double *plain = malloc(cells * sizeof *plain), *other = malloc(cells * sizeof *other);
  if (!plain || !other) MPI_Abort(MPI_COMM_WORLD, 1);
  for (size_t i = 0; i < cells; i++) plain[i] = begins_with(size, i);
  for (size_t n = 0; n < p->sweeps; n++) {
    double *swap = plain;
    memcpy(other, plain, size * sizeof *other);
    memcpy(other + cells - size, plain + cells - size, size * sizeof *other);
    for (size_t i = 1; i + 1 < size; i++) {
      const double *here = plain + i * size;
      row(size, here - size, here, here + size, other + i * size);
    }
    plain = other;
    other = swap;
  }
  for (size_t b = 0; b < p->blocks; b++) {
    must(sprat_block_read(runtime, p->now[b], 0, other, of_block * sizeof *other));
    if (memcmp(other, plain + first_row * size + b * of_block, of_block * sizeof *other) != 0) wrong++;
  }
  free(plain), free(other);
  return wrong;
}

static sprat_codelet define(const char *name, sprat_body body, size_t params_size) {
  sprat_definition definition = {sizeof definition, name, body, params_size, 0, NULL, 0, 0, 0};
  sprat_codelet codelet;
  must(sprat_codelet_define(&definition, &codelet));
  return codelet;
}

static size_t number(int argc, char **argv, int at, size_t otherwise) {
  return argc > at ? (size_t)strtoull(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv) {
  int threads = 0, rank = 0, ranks = 1;
  /* Codelets and polled functions call MPI at the same time. */
  MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &threads);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  share p = {number(argc, argv, 1, 256), 0, number(argc, argv, 3, 4), number(argc, argv, 2, 50), rank == 0, rank + 1 == ranks,
             NULL, NULL, {0}, {0}};
  size_t all = (size_t)ranks * p.blocks;
  if (threads != MPI_THREAD_MULTIPLE || p.blocks == 0 || p.size == 0 || p.size % all != 0) {
    if (rank == 0) fprintf(stderr, "jacobi: needs MPI_THREAD_MULTIPLE, and SIZE as a multiple of RANKS times BLOCKS\n");
    MPI_Finalize();
    return 2;
  }
  p.rows = p.size / all;
  sprat_config config = SPRAT_CONFIG_INIT;
  config.xes = number(argc, argv, 4, 0);
  if (config.xes != 0) {
    config.oversubscribe = SPRAT_YES; /* for tests, where ranks share cores */
    config.pin = SPRAT_NO;
  }
  sprat_runtime *runtime = NULL;
  must(sprat_runtime_create(&config, &runtime));
  sweep_codelet = define("sweep", sweep, sizeof(strip));
  trade_codelet = define("trade", begin_trade, sizeof(trade *));
  unpack_codelet = define("unpack", unpack, sizeof(trade *));
  sprat_block *blocks = malloc(2 * p.blocks * sizeof *blocks);
  size_t of_block = p.rows * p.size, first_row = (size_t)rank * p.blocks * p.rows;
  double *begin = malloc(of_block * sizeof *begin);
  if (!blocks || !begin) MPI_Abort(MPI_COMM_WORLD, 1);
  must(sprat_blocks_create(runtime, 2 * p.blocks, of_block, sizeof(double), blocks));
  p.now = blocks;
  p.next = blocks + p.blocks;
  p.up = trade_with(runtime, rank - 1, 1, p.size, 0);
  p.down = trade_with(runtime, rank + 1, 0, p.size, p.rows - 1);
  for (size_t b = 0; b < p.blocks; b++) {
    for (size_t i = 0; i < of_block; i++) begin[i] = begins_with(p.size, first_row * p.size + b * of_block + i);
    must(sprat_block_write(runtime, p.now[b], 0, begin, of_block * sizeof *begin));
  }
  MPI_Barrier(MPI_COMM_WORLD);
  double seconds = MPI_Wtime();
  must(sprat_finish(runtime, all_sweeps, &p));
  seconds = MPI_Wtime() - seconds;
  unsigned long wrong = wrong_blocks(runtime, &p, first_row), all_wrong = 0;
  must(sprat_runtime_destroy(runtime));
  MPI_Reduce(&wrong, &all_wrong, 1, MPI_UNSIGNED_LONG, MPI_SUM, 0, MPI_COMM_WORLD);
  if (rank == 0) {
    printf("jacobi: %d ranks, %zu x %zu cells, %zu sweeps in %.3f s: ", ranks, p.size, p.size, p.sweeps, seconds);
    printf(all_wrong ? "%lu blocks DIFFER\n" : "the same bits as a serial loop\n", all_wrong);
  }
  free(blocks), free(begin), free(p.up.out), free(p.up.in), free(p.down.out), free(p.down.in);
  MPI_Finalize();
  return wrong != 0;
}
