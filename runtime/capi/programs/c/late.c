/* The library is loaded late, by a program that has threads already, as interpreters of other languages load it; then used as ever.
 *
 *     late LIBRARY
 */
#include <dlfcn.h>
#include <pthread.h>
#include <sprat.h>
#include <stdio.h>
#include <stdlib.h>

/* ISO C has no conversion from an address to a function, so it is put there. */
#define LATE(name)               \
  __typeof__(&name) late_##name; \
  *(void **)&late_##name = find(library, #name)

static void *find(void *library, const char *name) {
  void *found = library ? dlsym(library, name) : NULL;
  if (!found) {
    fprintf(stderr, "late: %s\n", dlerror());
    exit(1);
  }
  return found;
}

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

static void *waits(void *nothing) {
  pthread_mutex_lock(&held);
  pthread_mutex_unlock(&held);
  return nothing;
}

typedef struct sum {
  __typeof__(&sprat_spawn) spawn;
  sprat_codelet add;
  sprat_block block;
} sum;

static void add(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  (void)scope, (void)count;
  *(double *)views[0].data += *(const double *)params;
}

static void body(sprat_scope *scope, void *argument) {
  sum *s = argument;
  for (int i = 1; i <= 100; i++) {
    double one = i;
    sprat_access use = {s->block, SPRAT_READ_WRITE, 0, 0, 0, 0, 0, 0, 0, 0};
    if (s->spawn(scope, s->add, &one, &use, 1, NULL, NULL)) exit(1);
  }
}

int main(int argc, char **argv) {
  pthread_t threads[4];
  sprat_definition definition = {sizeof definition, "add", add, sizeof(double), 0, NULL, 0, 0, 0};
  sprat_runtime *runtime = NULL;
  sum s;
  double x = 0;
  int wrong = 0;
  if (argc != 2) return 2;
  pthread_mutex_lock(&held);
  for (int i = 0; i < 4; i++) wrong |= pthread_create(&threads[i], NULL, waits, NULL);
  {
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) fprintf(stderr, "late: %s\n", dlerror());
    LATE(sprat_runtime_create);
    LATE(sprat_codelet_define);
    LATE(sprat_block_create);
    LATE(sprat_finish);
    LATE(sprat_block_read);
    LATE(sprat_runtime_destroy);
    LATE(sprat_spawn);
    s.spawn = late_sprat_spawn;
    wrong |= late_sprat_runtime_create(NULL, &runtime) || late_sprat_codelet_define(&definition, &s.add);
    wrong |= late_sprat_block_create(runtime, 1, sizeof x, &s.block) || late_sprat_finish(runtime, body, &s);
    wrong |= late_sprat_block_read(runtime, s.block, 0, &x, sizeof x) || late_sprat_runtime_destroy(runtime);
  }
  pthread_mutex_unlock(&held);
  for (int i = 0; i < 4; i++) wrong |= pthread_join(threads[i], NULL);
  printf("the sum of 1 to 100 is %g\n", x);
  return wrong || x != 5050;
}
