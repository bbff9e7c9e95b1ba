/* How long sprat_suspend and sprat_resume take: of a runtime at rest, and of one whose engines run codelets of about a microsecond,
 * which another thread spawns. While it is suspended no codelet may run, which is checked. Built with -fopenmp, it also tells how
 * long a parallel region takes beside engines at work, and while they are suspended.
 *
 *     suspend [TIMES]     200 unless said otherwise
 */
#include <math.h>
#include <pthread.h>
#include <sprat.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static sprat_runtime *runtime;
static sprat_codelet busy;
static atomic_ulong ran;
static atomic_int ended;
/* Whether the next body is to note when it begins, whether one has, and when that was. */
static atomic_int asked, came;
static double came_at;

static void must(sprat_status status) {
  if (status == SPRAT_OK) return;
  fprintf(stderr, "suspend: %s\n", sprat_error_message());
  exit(1);
}

static double microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1e6 * (double)now.tv_sec + 1e-3 * (double)now.tv_nsec;
}

static void spin(double us) {
  double begin = microseconds();
  while (microseconds() - begin < us) continue;
}

/* What somebody else does with the cores; its time. */
static double region(void) {
  double begin = microseconds(), sum = 0;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) reduction(+ : sum)
#endif
  for (int i = 0; i < 100000; i++) sum += sqrt((double)i);
  if (!(sum > 2e7 && sum < 2.2e7)) {
    fprintf(stderr, "suspend: the region sums up to %g\n", sum);
    exit(1);
  }
  return microseconds() - begin;
}

static void works(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  (void)scope, (void)params, (void)views, (void)count;
  if (atomic_load(&asked) && atomic_exchange(&asked, 0)) came_at = microseconds(), atomic_store(&came, 1);
  spin(1);
  atomic_fetch_add(&ran, 1);
}

static void body(sprat_scope *scope, void *argument) {
  (void)argument;
  for (int i = 0; i < 1000; i++) must(sprat_spawn(scope, busy, NULL, NULL, 0, NULL, NULL));
}

static void *program(void *argument) {
  while (!atomic_load(&ended)) must(sprat_finish(runtime, body, NULL));
  return argument;
}

static int less(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void tell(const char *what, double *times, size_t count) {
  qsort(times, count, sizeof *times, less);
  printf("%-52s %8.2f us (median of %zu, %.2f to %.2f)\n", what, times[count / 2], count, times[0], times[count - 1]);
}

int main(int argc, char **argv) {
  size_t times = argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : 200;
  sprat_definition definition = {sizeof definition, "busy", works, 0, 0, NULL, 0, 0, 0};
  double *suspended = malloc((times + 1) * sizeof(double)), *resumed = malloc((times + 1) * sizeof(double)),
         *again = malloc((times + 1) * sizeof(double)),
         *beside = malloc((times + 1) * sizeof(double)), *alone = malloc((times + 1) * sizeof(double)), begin;
  pthread_t thread;
  if (!suspended || !resumed || !again || !beside || !alone || times == 0) return 2;
  must(sprat_runtime_create(NULL, &runtime));
  must(sprat_codelet_define(&definition, &busy));
  must(sprat_finish(runtime, body, NULL));
  for (size_t i = 0; i < times; i++) {
    begin = microseconds();
    must(sprat_suspend(runtime));
    suspended[i] = microseconds() - begin;
    begin = microseconds();
    must(sprat_resume(runtime));
    resumed[i] = microseconds() - begin;
  }
  tell("sprat_suspend at rest", suspended, times);
  tell("sprat_resume at rest", resumed, times);

  if (pthread_create(&thread, NULL, program, NULL) != 0) return 1;
  for (size_t i = 0; i < times; i++) {
    struct timespec pause = {0, 1000000};
    unsigned long before;
    nanosleep(&pause, NULL);
    beside[i] = region();
    begin = microseconds();
    must(sprat_suspend(runtime));
    suspended[i] = microseconds() - begin;
    before = atomic_load(&ran);
    spin(50);
    alone[i] = region();
    if (atomic_load(&ran) != before) {
      fprintf(stderr, "suspend: a codelet ran in a runtime that was suspended\n");
      return 1;
    }
    atomic_store(&came, 0), atomic_store(&asked, 1);
    begin = microseconds();
    must(sprat_resume(runtime));
    resumed[i] = microseconds() - begin;
    while (!atomic_load(&came)) nanosleep(&pause, NULL);
    again[i] = came_at - begin;
  }
  atomic_store(&ended, 1);
  if (pthread_join(thread, NULL) != 0) return 1;
  tell("sprat_suspend at work, until no codelet runs", suspended, times);
  tell("sprat_resume at work", resumed, times);
  tell("sprat_resume at work, until a codelet begins", again, times);
  tell("a parallel region beside engines at work", beside, times);
  tell("the same while they are suspended", alone, times);
  must(sprat_runtime_destroy(runtime));
  free(suspended), free(resumed), free(again), free(beside), free(alone);
  return 0;
}
