/* Tests in C: functions that end early with CHECK, run by name, counted at the end. */
#ifndef CHECK_H
#define CHECK_H

#include "sprat.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures; /* of the test that runs */

#define CHECK(what)                                                                                       \
  do {                                                                                                    \
    if (!(what)) {                                                                                        \
      printf("  %s:%d: not so: %s (%s)\n", __FILE__, __LINE__, #what, sprat_error_message());            \
      failures++;                                                                                         \
      return;                                                                                             \
    }                                                                                                     \
  } while (0)

/* A call that shall end with a status, and whose message says this. */
#define REFUSED(call, status, says)                                                                       \
  do {                                                                                                    \
    sprat_status got_ = (call);                                                                           \
    if (got_ != (status) || strstr(sprat_error_message(), (says)) == NULL) {                              \
      printf("  %s:%d: %s\n    gave %d (%s), with: %s\n", __FILE__, __LINE__, #call, (int)got_,           \
             sprat_status_text(got_), sprat_error_message());                                             \
      failures++;                                                                                         \
      return;                                                                                             \
    }                                                                                                     \
  } while (0)

/* In bodies, which tell by a flag. */
#define NOTE(what)                                                                                        \
  do {                                                                                                    \
    if (!(what)) {                                                                                        \
      printf("  %s:%d: not so: %s (%s)\n", __FILE__, __LINE__, #what, sprat_error_message());            \
      failures++;                                                                                         \
    }                                                                                                     \
  } while (0)

typedef struct test {
  const char *name;
  void (*run)(void);
} test;

static int run_all(const test *tests, size_t count) {
  int passed = 0, failed = 0;
  for (size_t i = 0; i < count; i++) {
    failures = 0;
    tests[i].run();
    printf("%s %s\n", failures ? "FAILED" : "ok    ", tests[i].name);
    if (failures) failed++; else passed++;
    fflush(stdout);
  }
  printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}

/* A runtime with two engines, on whatever machine. */
static sprat_runtime *start(void) {
  sprat_config config = SPRAT_CONFIG_INIT;
  sprat_runtime *runtime = NULL;
  config.xes = 2;
  config.oversubscribe = SPRAT_YES;
  config.pin = SPRAT_NO;
  config.environment = SPRAT_NO;
  if (sprat_runtime_create(&config, &runtime) != SPRAT_OK) {
    printf("no runtime: %s\n", sprat_error_message());
    exit(2);
  }
  return runtime;
}

/* A codelet with nothing but a body. */
static sprat_codelet codelet(const char *name, sprat_body body, size_t params_size) {
  sprat_definition definition = {sizeof definition, name, body, params_size, 0, NULL, 0, 0, 0};
  sprat_codelet defined = {0};
  if (sprat_codelet_define(&definition, &defined) != SPRAT_OK) {
    printf("no codelet: %s\n", sprat_error_message());
    exit(2);
  }
  return defined;
}

#endif
