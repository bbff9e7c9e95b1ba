/* What goes beyond the usual: arguments of rounds, alternates, operators of one's own, counts, texts, traces, and who waits in a runtime
 * that goes. */
#include "check.h"
#include <pthread.h>
#include <time.h>
#include <unistd.h>

static sprat_runtime *rt;

static double number(sprat_block block) {
  double x = -1;
  return sprat_block_read(rt, block, 0, &x, sizeof x) ? -1 : x;
}

static void set(sprat_block block, double x) { sprat_block_write(rt, block, 0, &x, sizeof x); }

/* ---- Rounds */

typedef struct step {
  double factor;
  float time;
} step;

static sprat_round kept_round;

/* x = factor * x + time */
static void advance(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  const step *now = views[0].data;
  double *x = views[1].data;
  (void)scope, (void)params;
  NOTE(count == 2 && views[0].bytes == sizeof *now);
  *x = now->factor * *x + (double)now->time;
}

static void record_advance(sprat_scope *scope, sprat_round round, void *argument) {
  sprat_access uses[2] = {sprat_argument_of(round), sprat_read_write(*(sprat_block *)argument)};
  sprat_mode modes[2] = {SPRAT_ROUND, SPRAT_READ_WRITE};
  sprat_definition definition = {sizeof definition, "advance", advance, 0, 0, modes, 2, 0, 0};
  sprat_codelet defined = {0};
  kept_round = round;
  NOTE(!sprat_codelet_define(&definition, &defined));
  NOTE(!sprat_spawn(scope, defined, NULL, uses, 2, NULL, NULL));
}

static void rounds_get_arguments(void) {
  sprat_block x;
  sprat_graph *graph = NULL;
  step steps[100];
  double expected = 1;
  size_t codelets = 0;
  CHECK(!sprat_block_create(rt, 1, sizeof(double), &x));
  CHECK(!sprat_record_with(rt, sizeof(step), record_advance, &x, &graph));
  CHECK(!sprat_graph_codelets(graph, &codelets) && codelets == 1);
  set(x, 1);
  for (int i = 0; i < 100; i++) {
    steps[i].factor = i % 3 - 1.5, steps[i].time = (float)i;
    expected = steps[i].factor * expected + (double)steps[i].time;
  }
  CHECK(!sprat_replay_with(rt, graph, 0, NULL) && number(x) == 1);
  CHECK(!sprat_replay_with(rt, graph, 60, steps));
  CHECK(!sprat_replay_with(rt, graph, 40, steps + 60));
  CHECK(number(x) == expected);
  CHECK(!sprat_graph_destroy(graph) && !sprat_block_destroy(rt, x));
}

static void record_with_that_of_another(sprat_scope *scope, sprat_round round, void *argument) {
  sprat_access use = sprat_argument_of(*(sprat_round *)argument);
  (void)round;
  NOTE(!sprat_spawn(scope, codelet("takes one", advance, 0), NULL, &use, 1, NULL, NULL));
}
static void record_without_one(sprat_scope *scope, void *argument) {
  sprat_access use = sprat_argument_of(*(sprat_round *)argument);
  sprat_spawn(scope, codelet("takes one", advance, 0), NULL, &use, 1, NULL, NULL);
}
static void record_wrongly(sprat_scope *scope, sprat_round round, void *argument) {
  sprat_access use = sprat_argument_of(round);
  sprat_codelet takes = codelet("takes one", advance, 0);
  (void)argument;
  use.element_size = 8;
  REFUSED(sprat_spawn(scope, takes, NULL, &use, 1, NULL, NULL), SPRAT_ACCESS, "no parts");
  use = sprat_argument_of((sprat_round){0});
  REFUSED(sprat_spawn(scope, takes, NULL, &use, 1, NULL, NULL), SPRAT_NULL, "the argument of a round");
}
static void record_nothing(sprat_scope *scope, sprat_round round, void *argument) { (void)scope, (void)round, (void)argument; }
static void replays_in_a_body(sprat_scope *scope, void *argument) {
  (void)scope;
  REFUSED(sprat_replay_with(rt, argument, 1, &(step){0, 0}), SPRAT_ON_ENGINE, "");
}
static void does_nothing(sprat_scope *scope, void *argument) { (void)scope, (void)argument; }
static int32_t at_once(size_t round, void *argument) { (void)round, (void)argument; return 1; }
static void *replays_on_a_thread(void *argument) {
  *(sprat_status *)argument = sprat_replay_with(rt, NULL, 1, NULL);
  return NULL;
}

static void arguments_that_make_no_sense(void) {
  sprat_graph *with = NULL, *without = NULL, *none = NULL;
  sprat_block x;
  sprat_round other;
  sprat_runtime *second = start();
  sprat_status said = SPRAT_OK;
  pthread_t thread;
  step one = {1, 1};
  CHECK(!sprat_block_create(rt, 1, sizeof(double), &x));
  CHECK(!sprat_record_with(rt, sizeof one, record_advance, &x, &with));
  other = kept_round;
  REFUSED(sprat_record_with(NULL, 8, record_nothing, NULL, &none), SPRAT_NULL, "the runtime");
  REFUSED(sprat_record_with(rt, 8, NULL, NULL, &none), SPRAT_NULL, "the body");
  REFUSED(sprat_record_with(rt, 8, record_nothing, NULL, NULL), SPRAT_NULL, "the place for the graph");
  REFUSED(sprat_record_with(rt, 0, record_nothing, NULL, &none), SPRAT_ARGUMENT, "at least one");
  REFUSED(sprat_record_with(rt, SIZE_MAX, record_nothing, NULL, &none), SPRAT_ARGUMENT, "at most 1048576");
  REFUSED(sprat_record_with(rt, 8, record_with_that_of_another, &other, &none), SPRAT_FOREIGN, "another graph");
  REFUSED(sprat_record(rt, record_without_one, &other, &none), SPRAT_FOREIGN, "another graph");
  REFUSED(sprat_finish(rt, record_without_one, &other), SPRAT_FAILED, "argument");
  REFUSED(sprat_record_with(rt, 8, record_wrongly, NULL, &none), SPRAT_ACCESS, "no parts");
  CHECK(!sprat_record_with(rt, 8, record_nothing, NULL, &without) && !sprat_graph_destroy(without));
  CHECK(none == NULL);
  REFUSED(sprat_replay(rt, with, 1), SPRAT_GRAPH, "16 bytes; give them by sprat_replay_with");
  REFUSED(sprat_replay_within(rt, 1, with, 1), SPRAT_GRAPH, "sprat_replay_with");
  REFUSED(sprat_replay_until(rt, with, at_once, NULL), SPRAT_GRAPH, "sprat_replay_with");
  REFUSED(sprat_replay_with(rt, with, 1, NULL), SPRAT_NULL, "the list of arguments");
  REFUSED(sprat_replay_with(rt, with, SIZE_MAX / 2, &one), SPRAT_GRAPH, "address space");
  REFUSED(sprat_replay_with(rt, with, SIZE_MAX / 32, &one), SPRAT_GRAPH, "rounds");
  REFUSED(sprat_replay_with(second, with, 1, &one), SPRAT_FOREIGN, "another runtime");
  CHECK(!sprat_finish(rt, replays_in_a_body, with));
  CHECK(!pthread_create(&thread, NULL, replays_on_a_thread, &said) && !pthread_join(thread, NULL) && said == SPRAT_NULL);
  CHECK(!sprat_graph_destroy(with));
  REFUSED(sprat_replay_with(rt, with, 1, &one), SPRAT_STALE, "the graph");
  CHECK(!sprat_record(rt, does_nothing, NULL, &without));
  REFUSED(sprat_replay_with(rt, without, 1, &one), SPRAT_GRAPH, "take no arguments");
  CHECK(!sprat_graph_destroy(without) && !sprat_runtime_destroy(second));
  REFUSED(sprat_replay_with(second, without, 1, &one), SPRAT_STALE, "the runtime");
}

/* ---- Alternates */

static int slow_calls, fast_calls, never_calls;

static void slow(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  double *x = views[0].data;
  (void)scope, (void)params, (void)count;
  for (volatile int i = 0; i < 20000; i++) {}
  slow_calls++, *x += 1;
}
static void fast(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  double *x = views[0].data;
  (void)scope, (void)params, (void)count;
  fast_calls++, *x += 1;
}
/* No machine has this and the other. */
static void never(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  (void)scope, (void)params, (void)views, (void)count;
  never_calls++;
}

static sprat_codelet with_alternates;

static void spawn_alternates(sprat_scope *scope, void *argument) {
  sprat_access use = sprat_read_write(*(sprat_block *)argument);
  for (int i = 0; i < 300; i++) NOTE(!sprat_spawn(scope, with_alternates, NULL, &use, 1, NULL, NULL));
}

static void the_best_of_several_bodies_runs(void) {
  sprat_codelet plain = codelet("several", slow, 0), two = {0}, again = {0};
  sprat_alternate told = SPRAT_ALTERNATE_INIT;
  sprat_block x;
  uint64_t calls[2] = {0, 0};
  CHECK(!sprat_codelet_alternate(plain, SPRAT_ISA_ANY, fast, &two));
  CHECK(!sprat_codelet_alternate(plain, SPRAT_ISA_ANY, fast, &again) && again.id == two.id && two.id != plain.id);
#if defined(__x86_64__)
  CHECK(!sprat_codelet_alternate(two, SPRAT_ISA_SVE, never, &with_alternates));
#else
  CHECK(!sprat_codelet_alternate(two, SPRAT_ISA_AVX2, never, &with_alternates));
#endif
  CHECK(with_alternates.id != two.id);
  CHECK(!sprat_block_create(rt, 1, sizeof(double), &x) && !sprat_finish(rt, spawn_alternates, &x));
  CHECK(number(x) == 300 && slow_calls + fast_calls == 300 && never_calls == 0);
  CHECK(slow_calls > 0 && fast_calls > slow_calls);
  for (size_t xe = 0; xe < 2; xe++) {
    for (size_t which = 0; which < 2; which++) {
      CHECK(!sprat_alternate_get(rt, with_alternates, xe, which, &told) && told.usable == 1);
      calls[which] += told.calls;
    }
    CHECK(!sprat_alternate_get(rt, with_alternates, xe, 2, &told) && told.usable == 0 && told.calls == 0);
  }
  CHECK(calls[0] == (uint64_t)slow_calls && calls[1] == (uint64_t)fast_calls);
}

static void alternates_that_make_no_sense(void) {
  sprat_codelet plain = codelet("other", slow, 0), with = {77};
  sprat_alternate told = SPRAT_ALTERNATE_INIT;
  REFUSED(sprat_codelet_alternate((sprat_codelet){0}, 0, fast, &with), SPRAT_NULL, "the codelet");
  REFUSED(sprat_codelet_alternate((sprat_codelet){60000}, 0, fast, &with), SPRAT_STALE, "no codelet 60000");
  REFUSED(sprat_codelet_alternate(plain, 0, NULL, &with), SPRAT_NULL, "body of codelet `other`");
  REFUSED(sprat_codelet_alternate(plain, 0, fast, NULL), SPRAT_NULL, "place for the codelet");
  REFUSED(sprat_codelet_alternate(plain, 6, fast, &with), SPRAT_ARGUMENT, "SPRAT_ISA_");
  REFUSED(sprat_codelet_alternate(plain, -1, fast, &with), SPRAT_ARGUMENT, "SPRAT_ISA_");
  CHECK(with.id == 77);
  with = plain;
  for (int i = 0; i < 7; i++) CHECK(!sprat_codelet_alternate(with, 0, i % 2 ? fast : slow, &with));
  REFUSED(sprat_codelet_alternate(with, 0, fast, &with), SPRAT_ARGUMENT, "seven alternates");
  REFUSED(sprat_alternate_get(rt, with, 2, 0, &told), SPRAT_ARGUMENT, "no execution engine 2");
  REFUSED(sprat_alternate_get(rt, with, 0, 8, &told), SPRAT_ARGUMENT, "no body 8; there are 8");
  REFUSED(sprat_alternate_get(NULL, with, 0, 0, &told), SPRAT_NULL, "the runtime");
  REFUSED(sprat_alternate_get(rt, with, 0, 0, NULL), SPRAT_NULL, "sprat_alternate");
  REFUSED(sprat_alternate_get(rt, (sprat_codelet){0}, 0, 0, &told), SPRAT_NULL, "the codelet");
  told.size = 8;
  REFUSED(sprat_alternate_get(rt, with, 0, 0, &told), SPRAT_ARGUMENT, "sizeof(sprat_alternate)");
}

/* ---- Operators */

/* The largest value, and where it is: elements that the runtime does not know. */
typedef struct place {
  double value;
  int64_t at;
} place;

static void no_place(void *into, size_t bytes) {
  place *all = into;
  for (size_t i = 0; i < bytes / sizeof *all; i++) all[i].value = -1e300, all[i].at = -1;
}
static void further_place(void *into, const void *from, size_t bytes) {
  place *all = into;
  const place *more = from;
  for (size_t i = 0; i < bytes / sizeof *all; i++)
    if (more[i].value > all[i].value || (more[i].value == all[i].value && more[i].at < all[i].at)) all[i] = more[i];
}
static sprat_operator largest;

static void look_at_one(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  int64_t i = *(const int64_t *)params;
  place here = {(double)(i * 37 % 1001), i};
  (void)scope, (void)count;
  further_place(views[0].data, &here, sizeof here);
}
static void spawn_looks(sprat_scope *scope, void *argument) {
  sprat_access use = sprat_reduce(*(sprat_block *)argument, largest, 0);
  for (int64_t i = 0; i < 1001; i++)
    NOTE(!sprat_spawn(scope, codelet("look", look_at_one, sizeof i), &i, &use, 1, NULL, NULL));
}
static void spawn_wrong_reductions(sprat_scope *scope, void *argument) {
  sprat_access use = sprat_reduce(*(sprat_block *)argument, largest, SPRAT_F64);
  sprat_codelet look = codelet("look at nothing", slow, 0);
  REFUSED(sprat_spawn(scope, look, NULL, &use, 1, NULL, NULL), SPRAT_ARGUMENT, "their type is 0");
  use = sprat_reduce(*(sprat_block *)argument, largest + 1000, 0);
  REFUSED(sprat_spawn(scope, look, NULL, &use, 1, NULL, NULL), SPRAT_STALE, "sprat_operator_define");
  use = sprat_reduce(*(sprat_block *)argument, 5, 0);
  REFUSED(sprat_spawn(scope, look, NULL, &use, 1, NULL, NULL), SPRAT_ARGUMENT, "0 is no type");
  use = sprat_reduce(*(sprat_block *)argument, -5, SPRAT_F64);
  REFUSED(sprat_spawn(scope, look, NULL, &use, 1, NULL, NULL), SPRAT_ARGUMENT, "-5 is no operator");
}

static void operators_of_ones_own(void) {
  sprat_block best;
  sprat_graph *graph = NULL;
  sprat_operator again = 0;
  place start = {-1, -1}, found = {0, 0};
  REFUSED(sprat_operator_define(NULL, further_place, &largest), SPRAT_NULL, "changes nothing");
  REFUSED(sprat_operator_define(no_place, NULL, &largest), SPRAT_NULL, "that adds");
  REFUSED(sprat_operator_define(no_place, further_place, NULL), SPRAT_NULL, "place for the operator");
  CHECK(!sprat_operator_define(no_place, further_place, &largest));
  CHECK(!sprat_operator_define(no_place, further_place, &again) && again == largest && largest > SPRAT_MAX);
  CHECK(!sprat_block_create(rt, 1, sizeof(place), &best) && !sprat_block_write(rt, best, 0, &start, sizeof start));
  CHECK(!sprat_finish(rt, spawn_looks, &best));
  CHECK(!sprat_block_read(rt, best, 0, &found, sizeof found) && found.value == 1000 && found.at * 37 % 1001 == 1000);
  CHECK(!sprat_block_write(rt, best, 0, &start, sizeof start));
  CHECK(!sprat_record(rt, spawn_looks, &best, &graph) && !sprat_replay(rt, graph, 3) && !sprat_graph_destroy(graph));
  CHECK(!sprat_block_read(rt, best, 0, &found, sizeof found) && found.value == 1000);
  REFUSED(sprat_finish(rt, spawn_wrong_reductions, &best), SPRAT_ARGUMENT, "their type is 0");
}

/* ---- Events */

static void adds_one(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  (void)scope, (void)params, (void)count;
  *(double *)views[0].data += 1;
}
typedef struct line {
  sprat_block x;
  sprat_event event;
} line;
static void spawn_after_event(sprat_scope *scope, void *argument) {
  line *l = argument;
  sprat_access use = sprat_read_write(l->x);
  sprat_options options = SPRAT_OPTIONS_INIT;
  sprat_event mine;
  sprat_event both[2];
  NOTE(!sprat_event_create_shared_in(scope, "mine", &mine));
  NOTE(!sprat_event_satisfy(mine) && !sprat_event_satisfy(mine));
  both[0] = l->event, both[1] = mine;
  options.after = both, options.after_count = 2;
  NOTE(!sprat_spawn(scope, codelet("adds one", adds_one, 0), NULL, &use, 1, &options, NULL));
  NOTE(!sprat_event_destroy(mine));
}
static void *satisfies(void *argument) {
  sprat_status status = sprat_event_satisfy(*(sprat_event *)argument);
  return status ? argument : NULL;
}

static void events_that_several_satisfy(void) {
  line l;
  pthread_t threads[3];
  uint64_t left = 0;
  void *wrong = NULL;
  CHECK(!sprat_block_create(rt, 1, sizeof(double), &l.x) && !sprat_event_create_shared(rt, "shared", &l.event));
  for (int i = 0; i < 3; i++) CHECK(!pthread_create(&threads[i], NULL, satisfies, &l.event));
  CHECK(!sprat_finish(rt, spawn_after_event, &l) && number(l.x) == 1);
  for (int i = 0; i < 3; i++) CHECK(!pthread_join(threads[i], &wrong) && wrong == NULL);
  REFUSED(sprat_latch_count(l.event, &left), SPRAT_EVENT, "no latch");
  CHECK(!sprat_event_destroy(l.event));
  REFUSED(sprat_event_satisfy(l.event), SPRAT_STALE, "the event");
  REFUSED(sprat_event_create_shared(NULL, "e", &l.event), SPRAT_NULL, "the runtime");
  REFUSED(sprat_event_create_shared(rt, NULL, &l.event), SPRAT_NULL, "the name");
  REFUSED(sprat_event_create_shared(rt, "e", NULL), SPRAT_NULL, "the place");
  REFUSED(sprat_event_create_shared_in(NULL, "e", &l.event), SPRAT_NULL, "the scope");
  CHECK(!sprat_latch_create(rt, "l", 3, &l.event) && !sprat_latch_down(l.event));
  CHECK(!sprat_latch_count(l.event, &left) && left == 2);
  REFUSED(sprat_latch_count(l.event, NULL), SPRAT_NULL, "the count");
  CHECK(!sprat_latch_down(l.event) && !sprat_latch_down(l.event) && !sprat_event_destroy(l.event));
  REFUSED(sprat_latch_count(l.event, &left), SPRAT_STALE, "the event");
}

/* ---- What is told */

static void the_policy_changes(void) {
  static const sprat_policy all[] = {SPRAT_POLICY_ENERGY, SPRAT_POLICY_ENERGY_DELAY, SPRAT_POLICY_PERFORMANCE};
  sprat_policy now = SPRAT_POLICY_DEFAULT;
  CHECK(!sprat_policy_get(rt, &now) && now == SPRAT_POLICY_PERFORMANCE);
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) CHECK(!sprat_set_policy(rt, all[i]) && !sprat_policy_get(rt, &now) && now == all[i]);
  REFUSED(sprat_set_policy(rt, SPRAT_POLICY_LOCALITY), SPRAT_CONFIG, "cannot change from `performance` to `locality`");
  REFUSED(sprat_set_policy(rt, SPRAT_POLICY_DEFAULT), SPRAT_ARGUMENT, "which policy it shall be");
  REFUSED(sprat_set_policy(rt, 5), SPRAT_ARGUMENT, "5 is no policy");
  CHECK(!sprat_policy_get(rt, &now) && now == SPRAT_POLICY_PERFORMANCE);
}

static void counts_and_places_are_told(void) {
  sprat_machine machine = SPRAT_MACHINE_INIT;
  sprat_ce ce = SPRAT_CE_INIT;
  sprat_usage usage = SPRAT_USAGE_INIT;
  sprat_moves moves = SPRAT_MOVES_INIT;
  size_t threads = 0, cores = 0;
  CHECK(!sprat_machine_get(rt, &machine));
  CHECK(!sprat_ce_get(rt, 0, &ce) && ce.stuck_scopes <= ce.stuck_checks);
  CHECK(!sprat_usage_get(rt, &usage) && usage.open_xes == 2 && usage.codelet_bytes > 0);
  CHECK(!sprat_set_xes(rt, 1) && !sprat_usage_get(rt, &usage) && usage.open_xes == 1 && !sprat_set_xes(rt, 2));
  CHECK(!sprat_moves_get(rt, &moves) && moves.moved == 0 && moves.copied == 0);
  for (size_t i = 0; i < machine.cores; i++) {
    sprat_core core = SPRAT_CORE_INIT;
    CHECK(!sprat_core_get(rt, i, &core) && core.region < machine.regions && core.package < machine.packages);
    threads += core.threads;
  }
  for (size_t i = 0; i < machine.cache_groups; i++) {
    sprat_cache_group group = SPRAT_CACHE_GROUP_INIT;
    sprat_core core = SPRAT_CORE_INIT;
    CHECK(!sprat_cache_group_get(rt, i, &group) && group.first_core == cores && group.region < machine.regions);
    cores += group.cores;
    CHECK(!sprat_core_get(rt, cores - 1, &core) && core.cache_group == i);
  }
  CHECK(threads == machine.threads && cores == machine.cores);
  REFUSED(sprat_ce_get(rt, machine.domains, &ce), SPRAT_ARGUMENT, "no control engine");
  REFUSED(sprat_core_get(rt, machine.cores, NULL), SPRAT_ARGUMENT, "no core");
  REFUSED(sprat_core_get(rt, 0, NULL), SPRAT_NULL, "sprat_core");
  REFUSED(sprat_cache_group_get(rt, SIZE_MAX, NULL), SPRAT_ARGUMENT, "no group of cores");
  REFUSED(sprat_usage_get(rt, NULL), SPRAT_NULL, "sprat_usage");
  REFUSED(sprat_usage_get(NULL, &usage), SPRAT_NULL, "the runtime");
  REFUSED(sprat_moves_get((sprat_runtime *)&moves, &moves), SPRAT_STALE, "the runtime");
  usage.size = 4;
  REFUSED(sprat_usage_get(rt, &usage), SPRAT_ARGUMENT, "sizeof(sprat_usage)");
}

static char text[1 << 16];

static void texts_are_told(void) {
  sprat_graph *graph = NULL;
  sprat_block x;
  size_t length = 0, owners[2] = {7, 7};
  char few[4];
  CHECK(!sprat_block_create(rt, 1, sizeof(double), &x));
  CHECK(!sprat_record_with(rt, sizeof(step), record_advance, &x, &graph));
  CHECK(!sprat_tell(rt, SPRAT_ABOUT_MACHINE, NULL, 0, &length) && length > 20);
  CHECK(!sprat_tell(rt, SPRAT_ABOUT_MACHINE, text, sizeof text, &length) && strlen(text) == length && strstr(text, "core"));
  CHECK(!sprat_tell(rt, SPRAT_ABOUT_MACHINE_JSON, text, sizeof text, NULL) && text[0] == '{');
  CHECK(!sprat_tell(rt, SPRAT_ABOUT_PLAN, text, sizeof text, NULL) && strstr(text, "2 XEs in 1 domains, CE "));
  CHECK(!sprat_tell(rt, SPRAT_ABOUT_METRICS, text, sizeof text, NULL) && strstr(text, "sprat_codelets_ran_total{xe=\"1\"}"));
  CHECK(!sprat_tell(rt, SPRAT_ABOUT_LEFTOVERS, text, sizeof text, &length) && length == 0 && text[0] == 0);
  CHECK(!sprat_tell(rt, SPRAT_ABOUT_METRICS, few, sizeof few, &length) && strlen(few) == 3 && length > 100);
  CHECK(!sprat_graph_tell(graph, SPRAT_GRAPH_DOT, text, sizeof text, NULL) && !strncmp(text, "digraph", 7));
  CHECK(strstr(text, "label=\"advance\""));
  CHECK(!sprat_graph_tell(graph, SPRAT_GRAPH_DECISIONS, text, sizeof text, &length) && length > 0 && strlen(text) == length);
  CHECK(!sprat_graph_owners(graph, owners, 2) && owners[0] < 2 && owners[1] == 7);
  REFUSED(sprat_tell(NULL, SPRAT_ABOUT_PLAN, text, 9, NULL), SPRAT_NULL, "the runtime");
  REFUSED(sprat_tell(rt, 0, text, 9, NULL), SPRAT_ARGUMENT, "SPRAT_ABOUT_");
  REFUSED(sprat_tell(rt, SPRAT_ABOUT_PLAN, NULL, 9, NULL), SPRAT_NULL, "place for the text");
  REFUSED(sprat_tell(rt, SPRAT_ABOUT_PLAN, text, 0, NULL), SPRAT_ARGUMENT, "no room");
  REFUSED(sprat_graph_tell(graph, 3, text, 9, NULL), SPRAT_ARGUMENT, "SPRAT_GRAPH_DOT");
  REFUSED(sprat_graph_tell(NULL, SPRAT_GRAPH_DOT, text, 9, NULL), SPRAT_NULL, "the graph");
  REFUSED(sprat_graph_owners(graph, NULL, 1), SPRAT_NULL, "the owners");
  CHECK(!sprat_graph_destroy(graph));
  REFUSED(sprat_graph_owners(graph, owners, 1), SPRAT_STALE, "the graph");
  REFUSED(sprat_graph_tell(graph, SPRAT_GRAPH_DOT, text, 9, NULL), SPRAT_STALE, "the graph");
}

/* A block that nobody destroys. */
static void makes_a_block(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  sprat_block made;
  (void)params, (void)views, (void)count;
  NOTE(!sprat_block_create_in(scope, 3, 8, &made));
}

static void spawn_maker(sprat_scope *s, void *argument) {
  (void)argument;
  NOTE(!sprat_spawn(s, codelet("maker", makes_a_block, 0), NULL, NULL, 0, NULL, NULL));
}

/* What was left over is told by its name; the places in Rust would be lines of the library. */
static void leftovers_are_told_by_name(void) {
  sprat_config config = SPRAT_CONFIG_INIT;
  sprat_runtime *checked = NULL;
  sprat_event event;
  config.check_seed = 7, config.environment = SPRAT_NO;
  CHECK(!sprat_runtime_create(&config, &checked) && !sprat_event_create(checked, "forgotten", &event));
  CHECK(!sprat_finish(checked, spawn_maker, NULL));
  CHECK(!sprat_tell(checked, SPRAT_ABOUT_LEFTOVERS, text, sizeof text, NULL) && !strstr(text, ".rs"));
  CHECK(strstr(text, "event `forgotten`: its trigger is still there") && strstr(text, "made by codelet `maker` was never destroyed"));
  CHECK(!sprat_event_satisfy(event) && !sprat_event_destroy(event));
  CHECK(!sprat_tell(checked, SPRAT_ABOUT_LEFTOVERS, text, sizeof text, NULL) && !strstr(text, "forgotten"));
  CHECK(!sprat_runtime_destroy(checked));
}

/* ---- Options and the trace */

static void traced(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  (void)params, (void)views, (void)count;
  NOTE(!sprat_trace_begin(scope, "an outer span") && !sprat_trace_begin(scope, "an inner span"));
  NOTE(!sprat_trace_count(scope, "a residual", 0.5));
  NOTE(!sprat_trace_end(scope) && !sprat_trace_end(scope));
  NOTE(sprat_trace_end(scope) == SPRAT_ARGUMENT && strstr(sprat_error_message(), "no span has begun"));
  NOTE(!sprat_trace_begin(scope, "one that ends with the body") && !sprat_trace_begin(scope, "what it has inside"));
}
static void spawn_traced(sprat_scope *scope, void *argument) {
  sprat_scope **escaped = argument;
  NOTE(!sprat_spawn(scope, codelet("traced", traced, 0), NULL, NULL, 0, NULL, NULL));
  REFUSED(sprat_trace_count(scope, NULL, 0), SPRAT_NULL, "the name of a counter");
  REFUSED(sprat_trace_begin(scope, NULL), SPRAT_NULL, "the name of a span");
  *escaped = scope;
}

/* Where a file has these bytes, counted from 1; 0: nowhere. */
static size_t has(const char *file, const char *what) {
  static char bytes[1 << 20];
  FILE *opened = fopen(file, "rb");
  size_t length = strlen(what), all = opened ? fread(bytes, 1, sizeof bytes, opened) : 0;
  if (opened) fclose(opened);
  for (size_t i = 0; i + length <= all; i++)
    if (!memcmp(bytes + i, what, length)) return i + 1;
  return 0;
}

static void options_of_heroes(void) {
  sprat_config config = SPRAT_CONFIG_INIT;
  sprat_runtime *runtime = NULL;
  sprat_scope *escaped = NULL;
  char trace[64], page[64];
  sprat_policy policy = SPRAT_POLICY_DEFAULT;
  snprintf(trace, sizeof trace, "/tmp/sprat-test-%d.trace", (int)getpid());
  snprintf(page, sizeof page, "/tmp/sprat-test-%d.page", (int)getpid());
  config.xes = 2, config.oversubscribe = SPRAT_YES, config.pin = SPRAT_NO, config.environment = SPRAT_NO;
  config.policy = SPRAT_POLICY_LOCALITY, config.replica_bytes = -1, config.trace = trace, config.top = page;
  CHECK(!sprat_runtime_create(&config, &runtime));
  CHECK(has(page, "hero"));
  CHECK(!sprat_finish(runtime, spawn_traced, &escaped));
  REFUSED(sprat_trace_begin(escaped, "x"), SPRAT_SCOPE, "after its body");
  REFUSED(sprat_trace_end(NULL), SPRAT_NULL, "the scope");
  CHECK(!sprat_runtime_destroy(runtime));
  CHECK(has(trace, "an inner span") && has(trace, "a residual"));
  /* Names stand where they came first, and spans come when they end: the inner one first. */
  CHECK(has(trace, "what it has inside") && has(trace, "what it has inside") < has(trace, "one that ends with the body"));
  remove(trace), remove(page);
  config.policy = SPRAT_POLICY_ENERGY_DELAY, config.trace = config.top = NULL;
  CHECK(!sprat_runtime_create(&config, &runtime) && !sprat_policy_get(runtime, &policy) && policy == SPRAT_POLICY_ENERGY_DELAY);
  CHECK(!sprat_runtime_destroy(runtime));
  config.policy = 5;
  REFUSED(sprat_runtime_create(&config, &runtime), SPRAT_ARGUMENT, "5 is no policy");
  config.policy = 0, config.trace = "\xff";
  REFUSED(sprat_runtime_create(&config, &runtime), SPRAT_ARGUMENT, "UTF-8");
  config.trace = "/nowhere/at/all";
  REFUSED(sprat_runtime_create(&config, &runtime), SPRAT_SYSTEM, "/nowhere/at/all");
}

/* ---- A thread that waits in a runtime that goes */

static void sleep_us(long us) {
  struct timespec time = {0, us * 1000};
  nanosleep(&time, NULL);
}

typedef struct waiting {
  sprat_runtime *runtime;
  int spawned, waits_in_vain; /* atomic */
  int ran;
  sprat_status ended;
} waiting;

static void notes_that_it_ran(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  (void)scope, (void)views, (void)count;
  (*(waiting *const *)params)->ran++;
}
static void spawn_and_tell(sprat_scope *scope, void *argument) {
  waiting *w = argument;
  NOTE(!sprat_spawn(scope, codelet("ran", notes_that_it_ran, sizeof w), &w, NULL, 0, NULL, NULL));
  __atomic_store_n(&w->spawned, 1, __ATOMIC_RELEASE);
}
static void *finishes(void *argument) {
  waiting *w = argument;
  w->ended = sprat_finish(w->runtime, spawn_and_tell, w);
  __atomic_store_n(&w->waits_in_vain, 0, __ATOMIC_RELEASE);
  return NULL;
}

static void who_waits_in_a_suspended_runtime_is_let_go_when_it_ends(void) {
  for (int nested = 1; nested <= 2; nested++) {
    waiting w = {start(), 0, 1, 0, SPRAT_OTHER};
    pthread_t thread;
    for (int i = 0; i < nested; i++) CHECK(!sprat_suspend(w.runtime));
    CHECK(!pthread_create(&thread, NULL, finishes, &w));
    while (!__atomic_load_n(&w.spawned, __ATOMIC_ACQUIRE)) sleep_us(100);
    sleep_us(20000);
    /* It waits: its codelet has not run. */
    CHECK(__atomic_load_n(&w.waits_in_vain, __ATOMIC_ACQUIRE));
    CHECK(!sprat_runtime_destroy(w.runtime));
    CHECK(!pthread_join(thread, NULL));
    CHECK(w.ended == SPRAT_OK && w.ran == 1);
    REFUSED(sprat_resume(w.runtime), SPRAT_STALE, "the runtime");
  }
}

/* Suspending and ending side by side: whoever comes first, nobody waits for ever. */
static void *suspends(void *argument) {
  waiting *w = argument;
  sprat_status said;
  do said = sprat_suspend(w->runtime);
  while (said == SPRAT_OK && (said = sprat_resume(w->runtime)) == SPRAT_OK);
  return said == SPRAT_STALE ? NULL : argument;
}
static void runs_a_while(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  (void)scope, (void)views, (void)count;
  for (volatile int i = 0; i < 2000; i++) {}
  __atomic_add_fetch(&(*(waiting *const *)params)->ran, 1, __ATOMIC_RELAXED);
}
static void spawn_many(sprat_scope *scope, void *argument) {
  waiting *w = argument;
  for (int i = 0; i < 100; i++) NOTE(!sprat_spawn(scope, codelet("a while", runs_a_while, sizeof w), &w, NULL, 0, NULL, NULL));
  __atomic_store_n(&w->spawned, 1, __ATOMIC_RELEASE);
}
static void *finishes_many(void *argument) {
  waiting *w = argument;
  w->ended = sprat_finish(w->runtime, spawn_many, w);
  return NULL;
}

static void suspending_races_with_the_end(void) {
  for (int round = 0; round < 200; round++) {
    waiting w = {start(), 0, 1, 0, SPRAT_OTHER};
    pthread_t waits, stops;
    void *wrong = NULL;
    CHECK(!pthread_create(&waits, NULL, finishes_many, &w) && !pthread_create(&stops, NULL, suspends, &w));
    while (!__atomic_load_n(&w.spawned, __ATOMIC_ACQUIRE)) sleep_us(10);
    CHECK(!sprat_runtime_destroy(w.runtime));
    CHECK(!pthread_join(stops, &wrong) && wrong == NULL && !pthread_join(waits, NULL));
    CHECK(w.ended == SPRAT_OK && w.ran == 100);
  }
}

/* ---- Polled functions of a runtime that goes */

typedef struct polled {
  sprat_runtime *runtime;
  sprat_event of_runtime;
  int asked, told; /* atomic */
  sprat_status ended;
} polled;

static int32_t is_asked(void *argument) {
  polled *p = argument;
  __atomic_add_fetch(&p->asked, 1, __ATOMIC_RELAXED);
  return 0;
}
static void spawn_after_polled(sprat_scope *scope, void *argument) {
  polled *p = argument;
  sprat_event mine;
  sprat_options options = SPRAT_OPTIONS_INIT;
  NOTE(!sprat_event_poll_in(scope, "in a scope", is_asked, p, &mine));
  options.after_count = 1;
  options.after = &mine;
  NOTE(!sprat_spawn(scope, codelet("after one", slow, 0), NULL, NULL, 0, &options, NULL));
  options.after = &p->of_runtime;
  NOTE(!sprat_spawn(scope, codelet("after another", slow, 0), NULL, NULL, 0, &options, NULL));
}
static void *waits_for_polled(void *argument) {
  polled *p = argument;
  p->ended = sprat_finish(p->runtime, spawn_after_polled, p);
  if (strstr(sprat_error_message(), "called no more")) __atomic_store_n(&p->told, 1, __ATOMIC_RELAXED);
  return NULL;
}

static void nothing_is_polled_in_a_runtime_that_was_destroyed(void) {
  /* Static, since without what is tested here it is used for ever. */
  static polled p;
  pthread_t thread;
  int asked;
  p.runtime = start();
  CHECK(!sprat_event_poll(p.runtime, "of the runtime", is_asked, &p, &p.of_runtime));
  CHECK(!pthread_create(&thread, NULL, waits_for_polled, &p));
  while (__atomic_load_n(&p.asked, __ATOMIC_RELAXED) < 100) sleep_us(100);
  CHECK(!sprat_runtime_destroy(p.runtime));
  asked = __atomic_load_n(&p.asked, __ATOMIC_RELAXED);
  sleep_us(50000);
  CHECK(__atomic_load_n(&p.asked, __ATOMIC_RELAXED) == asked);
  CHECK(!pthread_join(thread, NULL) && p.ended == SPRAT_FAILED && p.told);
}

/* ---- A chunk that waits in another runtime, and runs what is not its own */

static int own_calls, others_calls[4], believed; /* atomic */
static sprat_operator complains;
static sprat_runtime *second;
static _Thread_local int in_the_chunk;

/* Not here; counted if it is the chunk's thread. */
static void fails_another(int who) {
  if (in_the_chunk) __atomic_add_fetch(&others_calls[who], 1, __ATOMIC_RELAXED);
  if (sprat_chunk_fail("what is not mine") != SPRAT_SCOPE) __atomic_add_fetch(&believed, 1, __ATOMIC_RELAXED);
}
static void complains_of_nothing(void *into, size_t bytes) { memset(into, 0, bytes), fails_another(0); }
static void complains_of_more(void *into, const void *from, size_t bytes) {
  (void)bytes;
  *(double *)into += *(const double *)from, fails_another(1);
}
static void complains_in_a_codelet(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  (void)scope, (void)params, (void)count;
  for (volatile int i = 0; i < 20000; i++) {}
  *(double *)views[0].data += 1, fails_another(2);
}
static int32_t complains_when_asked(void *argument) {
  (void)argument, fails_another(3);
  return in_the_chunk;
}
static void spawn_complaints(sprat_scope *scope, void *argument) {
  sprat_block sum;
  sprat_access use;
  sprat_event come;
  sprat_options options = SPRAT_OPTIONS_INIT;
  (void)argument;
  NOTE(!sprat_block_create_in(scope, 1, sizeof(double), &sum));
  use = sprat_reduce(sum, complains, 0);
  for (int i = 0; i < 40; i++) NOTE(!sprat_spawn(scope, codelet("complains", complains_in_a_codelet, 0), NULL, &use, 1, NULL, NULL));
  NOTE(!sprat_event_poll_in(scope, "complaint", complains_when_asked, NULL, &come));
  use = sprat_read_write(sum), options.after = &come, options.after_count = 1;
  NOTE(!sprat_spawn(scope, codelet("adds one", adds_one, 0), NULL, &use, 1, &options, NULL));
}
static int32_t waits_in_another(const void *params, size_t begin, size_t end, const sprat_view *views, size_t count) {
  (void)params, (void)begin, (void)end, (void)views, (void)count;
  in_the_chunk = 1;
  /* Until each has been called here: they run on the second runtime's threads, too. */
  for (int i = 0; i < 1000; i++) {
    int missing = 0;
    if (sprat_finish(second, spawn_complaints, NULL)) return 1;
    for (int who = 0; who < 4; who++) missing += __atomic_load_n(&others_calls[who], __ATOMIC_RELAXED) == 0;
    if (!missing) break;
  }
  in_the_chunk = 0;
  __atomic_add_fetch(&own_calls, 1, __ATOMIC_RELAXED);
  return 0;
}
static void loop_that_waits_in_another(sprat_scope *scope, void *argument) {
  sprat_loop waits = {sizeof waits, "waits", waits_in_another, 0, 1, 0};
  (void)argument;
  NOTE(!sprat_for_each(scope, &waits, NULL, NULL, 0, NULL, NULL));
}

static void a_chunk_fails_by_its_own_body_only(void) {
  second = start();
  CHECK(!sprat_operator_define(complains_of_nothing, complains_of_more, &complains));
  CHECK(!sprat_finish(rt, loop_that_waits_in_another, NULL));
  CHECK(own_calls == 1 && believed == 0);
  for (int who = 0; who < 4; who++) CHECK(others_calls[who] > 0);
  CHECK(!sprat_runtime_destroy(second));
}

int main(void) {
  static const test tests[] = {
      {"rounds get arguments", rounds_get_arguments},
      {"arguments that make no sense", arguments_that_make_no_sense},
      {"the best of several bodies runs", the_best_of_several_bodies_runs},
      {"alternates that make no sense", alternates_that_make_no_sense},
      {"operators of one's own", operators_of_ones_own},
      {"events that several satisfy", events_that_several_satisfy},
      {"the policy changes", the_policy_changes},
      {"counts and places are told", counts_and_places_are_told},
      {"texts are told", texts_are_told},
      {"leftovers are told by name", leftovers_are_told_by_name},
      {"options of heroes", options_of_heroes},
      {"who waits in a suspended runtime is let go when it ends", who_waits_in_a_suspended_runtime_is_let_go_when_it_ends},
      {"suspending races with the end", suspending_races_with_the_end},
      {"nothing is polled in a runtime that was destroyed", nothing_is_polled_in_a_runtime_that_was_destroyed},
      {"a chunk fails by its own body only", a_chunk_fails_by_its_own_body_only},
  };
  int failed;
  rt = start();
  failed = run_all(tests, sizeof tests / sizeof *tests);
  return sprat_runtime_destroy(rt) || failed;
}
