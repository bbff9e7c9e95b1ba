/* A tiled Cholesky factorisation with the routines of OpenBLAS, which has threads of its own. In codelets it is held to one thread,
 * since the engines have the cores; between sprat_suspend and sprat_resume it has them all, and factorises the same matrix in one call.
 * Both results are compared.
 *
 *     cholesky [SIZE [TILE [THREADS]]]     1024, 128 and as many threads as engines, unless said otherwise
 */
#include <cblas.h>
#include <math.h>
#include <sprat.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* OpenBLAS has LAPACK's routines by their Fortran names. */
extern void dpotrf_(const char *part, const int *n, double *a, const int *lda, int *info);

typedef struct matrix {
  size_t tiles, tile; /* so many tiles in a row, of so many elements */
  sprat_block *blocks; /* the lower triangle, row by row; each is a tile in column-major order */
  sprat_codelet potrf, trsm, syrk, gemm;
} matrix;

static void must(sprat_status status) {
  if (status == SPRAT_OK) return;
  fprintf(stderr, "cholesky: %s\n", sprat_error_message());
  exit(1);
}

static double seconds(void) {
  struct timespec now;
  timespec_get(&now, TIME_UTC);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The side of a tile, from its bytes. */
static int side(const sprat_view *view) { return (int)lround(sqrt((double)(view->bytes / sizeof(double)))); }

static void potrf(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  int n = side(views), info;
  (void)params, (void)count;
  dpotrf_("L", &n, views[0].data, &n, &info);
  if (info != 0) sprat_fail(scope, "the matrix is not positive definite");
}

static void trsm(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  int n = side(views);
  (void)scope, (void)params, (void)count;
  cblas_dtrsm(CblasColMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, n, n, 1, views[0].data, n, views[1].data, n);
}

static void syrk(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  int n = side(views);
  (void)scope, (void)params, (void)count;
  cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, n, n, -1, views[0].data, n, 1, views[1].data, n);
}

static void gemm(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  int n = side(views);
  (void)scope, (void)params, (void)count;
  cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, n, n, n, -1, views[0].data, n, views[1].data, n, 1, views[2].data, n);
}

static sprat_block at(const matrix *m, size_t row, size_t column) { return m->blocks[row * (row + 1) / 2 + column]; }

static void factorise(sprat_scope *scope, void *argument) {
  const matrix *m = argument;
  for (size_t k = 0; k < m->tiles; k++) {
    sprat_access uses[3] = {sprat_read_write(at(m, k, k))};
    must(sprat_spawn(scope, m->potrf, NULL, uses, 1, NULL, NULL));
    for (size_t i = k + 1; i < m->tiles; i++) {
      uses[0] = sprat_read(at(m, k, k)), uses[1] = sprat_read_write(at(m, i, k));
      must(sprat_spawn(scope, m->trsm, NULL, uses, 2, NULL, NULL));
    }
    for (size_t i = k + 1; i < m->tiles; i++) {
      uses[0] = sprat_read(at(m, i, k)), uses[1] = sprat_read_write(at(m, i, i));
      must(sprat_spawn(scope, m->syrk, NULL, uses, 2, NULL, NULL));
      for (size_t j = k + 1; j < i; j++) {
        uses[0] = sprat_read(at(m, i, k)), uses[1] = sprat_read(at(m, j, k)), uses[2] = sprat_read_write(at(m, i, j));
        must(sprat_spawn(scope, m->gemm, NULL, uses, 3, NULL, NULL));
      }
    }
  }
}

static sprat_codelet define(const char *name, sprat_body body, const sprat_mode *modes, size_t count) {
  sprat_definition definition = {sizeof definition, name, body, 0, 0, modes, count, 0, 0};
  sprat_codelet codelet;
  must(sprat_codelet_define(&definition, &codelet));
  return codelet;
}

/* Copies the tiles of the lower triangle out of a matrix in column-major order. */
static void put(sprat_runtime *runtime, const matrix *m, const double *a, double *tile) {
  size_t n = m->tiles * m->tile, t = m->tile;
  for (size_t i = 0; i < m->tiles; i++) {
    for (size_t j = 0; j <= i; j++) {
      for (size_t c = 0; c < t; c++)
        for (size_t r = 0; r < t; r++) tile[c * t + r] = a[(j * t + c) * n + i * t + r];
      must(sprat_block_write(runtime, at(m, i, j), 0, tile, t * t * sizeof *tile));
    }
  }
}

/* How far they are from those of a matrix; no number if one of them is none. */
static double distance(sprat_runtime *runtime, const matrix *m, const double *a, double *tile) {
  size_t n = m->tiles * m->tile, t = m->tile;
  double far = 0;
  for (size_t i = 0; i < m->tiles; i++) {
    for (size_t j = 0; j <= i; j++) {
      must(sprat_block_read(runtime, at(m, i, j), 0, tile, t * t * sizeof *tile));
      for (size_t c = 0; c < t; c++)
        for (size_t r = 0; r < t; r++) {
          double apart = fabs(tile[c * t + r] - a[(j * t + c) * n + i * t + r]);
          /* fmax would drop what is no number. */
          if (j * t + c <= i * t + r && (apart > far || isnan(apart))) far = apart;
        }
    }
  }
  return far;
}

static size_t number(int argc, char **argv, int which, size_t otherwise) {
  return argc > which ? (size_t)strtoull(argv[which], NULL, 10) : otherwise;
}

int main(int argc, char **argv) {
  static const sprat_mode one[] = {SPRAT_READ_WRITE}, two[] = {SPRAT_READ, SPRAT_READ_WRITE},
                          three[] = {SPRAT_READ, SPRAT_READ, SPRAT_READ_WRITE};
  size_t size = number(argc, argv, 1, 1024), tile = number(argc, argv, 2, 128), count;
  matrix m = {tile ? size / tile : 0, tile, NULL, {0}, {0}, {0}, {0}};
  sprat_machine machine = SPRAT_MACHINE_INIT;
  sprat_runtime *runtime = NULL;
  double *a, *place, begin, tiled, whole, far;
  int n = (int)size, info, threads;
  if (m.tiles == 0 || size % tile != 0 || size > 30000) {
    fprintf(stderr, "cholesky: SIZE is a multiple of TILE, and at most 30000\n");
    return 2;
  }
  count = m.tiles * (m.tiles + 1) / 2;
  a = malloc(size * size * sizeof *a);
  place = malloc(tile * tile * sizeof *place);
  m.blocks = malloc(count * sizeof *m.blocks);
  if (!a || !place || !m.blocks) return 1;
  for (size_t c = 0; c < size; c++)
    for (size_t r = 0; r < size; r++) a[c * size + r] = r == c ? (double)size : 1 / (1 + fabs((double)r - (double)c));

  must(sprat_runtime_create(NULL, &runtime));
  must(sprat_machine_get(runtime, &machine));
  threads = (int)number(argc, argv, 3, machine.xes);
  m.potrf = define("potrf", potrf, one, 1), m.trsm = define("trsm", trsm, two, 2);
  m.syrk = define("syrk", syrk, two, 2), m.gemm = define("gemm", gemm, three, 3);
  must(sprat_blocks_create(runtime, count, tile * tile, sizeof *a, m.blocks));
  put(runtime, &m, a, place);

  /* Each engine calls the BLAS: so that has no threads beside it. */
  openblas_set_num_threads(1);
  begin = seconds();
  must(sprat_finish(runtime, factorise, &m));
  tiled = seconds() - begin;

  /* No engine runs: so the BLAS has all cores. */
  must(sprat_suspend(runtime));
  openblas_set_num_threads(threads);
  begin = seconds();
  dpotrf_("L", &n, a, &n, &info);
  whole = seconds() - begin;
  openblas_set_num_threads(1);
  must(sprat_resume(runtime));

  far = distance(runtime, &m, a, place);
  must(sprat_runtime_destroy(runtime));
  free(a), free(place), free(m.blocks);
  printf("cholesky: %zu x %zu, in tiles of %zu on %zu engines %.3f s, in one call on %d threads %.3f s; they differ by %.1e\n", size,
         size, tile, machine.xes, tiled, threads, whole, far);
  /* What is not below may be no number. */
  return info == 0 && far < 1e-9 ? 0 : 1;
}
