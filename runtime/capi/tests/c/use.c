/* What the interface does when it is used well. */
#include "check.h"
#include <unistd.h>

/* What bodies of scopes get. */
typedef struct world {
  sprat_runtime *runtime;
  sprat_block blocks[8];
  sprat_event event, latch;
  sprat_canceller canceller;
  sprat_graph *graph;
  double *array;
  int count;
} world;

static void fill(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  double value = *(const double *)params;
  (void)scope;
  for (size_t v = 0; v < count; v++) {
    double *x = views[v].data;
    for (size_t i = 0; i < views[v].bytes / sizeof *x; i++) x[i] = value;
  }
}

static void add(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  const double *from = views[0].data;
  double *to = views[1].data;
  (void)scope, (void)params, (void)count;
  for (size_t i = 0; i < views[1].bytes / sizeof *to; i++) to[i] += from[i];
}

static void count_up(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  (void)scope, (void)params;
  for (size_t v = 0; v < count; v++) *(double *)views[v].data += 1;
}

static double first(world *w, int block) {
  double x = -1;
  if (sprat_block_read(w->runtime, w->blocks[block], 0, &x, sizeof x) != SPRAT_OK) return -1;
  return x;
}

static world begin(int blocks) {
  world w = {start(), {{0}}, {{0, 0}}, {{0, 0}}, {0}, NULL, NULL, 0};
  if (sprat_blocks_create(w.runtime, (size_t)blocks, 10, sizeof(double), w.blocks) != SPRAT_OK) exit(2);
  return w;
}

static void spawn_chain(sprat_scope *s, void *argument) {
  world *w = argument;
  double value = 3;
  sprat_access one = sprat_write(w->blocks[0]), other = sprat_write(w->blocks[1]);
  sprat_access both[2] = {sprat_read(w->blocks[0]), sprat_read_write(w->blocks[1])};
  NOTE(!sprat_spawn(s, codelet("fill", fill, sizeof value), &value, &one, 1, NULL, NULL));
  value = 4; /* the spawn has copied it */
  NOTE(!sprat_spawn(s, codelet("fill", fill, sizeof value), &value, &other, 1, NULL, NULL));
  NOTE(!sprat_spawn(s, codelet("add", add, 0), NULL, both, 2, NULL, NULL));
}

static void codelets_run_in_the_order_of_their_accesses(void) {
  world w = begin(2);
  for (int i = 0; i < 100; i++) {
    CHECK(!sprat_finish(w.runtime, spawn_chain, &w));
    CHECK(first(&w, 0) == 3 && first(&w, 1) == 7);
  }
  CHECK(!sprat_runtime_destroy(w.runtime));
}

static void spawn_many_accesses(sprat_scope *s, void *argument) {
  world *w = argument;
  sprat_access list[100];
  for (int n = 1; n <= 100; n++) {
    for (int i = 0; i < n; i++) list[i] = sprat_part(w->blocks[0], SPRAT_READ_WRITE, sizeof(double), (size_t)i, (size_t)i + 1);
    NOTE(!sprat_spawn(s, codelet("count", count_up, 0), NULL, list, (size_t)n, NULL, NULL));
  }
}

static void lists_of_any_length(void) {
  world w = {start(), {{0}}, {{0, 0}}, {{0, 0}}, {0}, NULL, NULL, 0};
  double x[100];
  CHECK(!sprat_block_create(w.runtime, 100, sizeof(double), w.blocks));
  CHECK(!sprat_finish(w.runtime, spawn_many_accesses, &w));
  CHECK(!sprat_block_read(w.runtime, w.blocks[0], 0, x, sizeof x));
  for (int i = 0; i < 100; i++) CHECK(x[i] == 100 - i);
  CHECK(!sprat_runtime_destroy(w.runtime));
}

typedef struct large {
  double first;
  unsigned char bytes[1000];
} large;

static void look_at_params(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  const large *p = params;
  (void)count;
  NOTE((uintptr_t)params % 16 == 0);
  for (int i = 0; i < 1000; i++) {
    if (p->bytes[i] != (unsigned char)(i * 7)) sprat_fail(scope, "other bytes");
  }
  *(double *)views[0].data += p->first;
}

static void look_at_aligned(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  (void)scope, (void)views, (void)count;
  NOTE((uintptr_t)params % 256 == 0 && *(const char *)params == 'x');
}

static void small_params(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  const unsigned char *bytes = params;
  (void)count;
  NOTE((uintptr_t)params % 16 == 0);
  for (int i = 0; i < 33; i++) {
    if (bytes[i] != i) sprat_fail(scope, "other bytes");
  }
  *(double *)views[0].data += 1;
}

static void spawn_params(sprat_scope *s, void *argument) {
  world *w = argument;
  large p;
  unsigned char small[33];
  sprat_access use = sprat_read_write(w->blocks[0]);
  sprat_definition aligned = {sizeof aligned, "aligned", look_at_aligned, 1, 256, NULL, 0, 0, 0};
  sprat_codelet defined = {0};
  memset(&p, 0, sizeof p);
  p.first = 2.5;
  for (int i = 0; i < 1000; i++) p.bytes[i] = (unsigned char)(i * 7);
  for (int i = 0; i < 33; i++) small[i] = (unsigned char)i;
  NOTE(!sprat_spawn(s, codelet("large", look_at_params, sizeof p), &p, &use, 1, NULL, NULL));
  NOTE(!sprat_spawn(s, codelet("small", small_params, sizeof small), small, &use, 1, NULL, NULL));
  NOTE(!sprat_codelet_define(&aligned, &defined));
  NOTE(!sprat_spawn(s, defined, "x", NULL, 0, NULL, NULL));
  memset(&p, 0, sizeof p);
  memset(small, 0, sizeof small);
}

static void parameters_of_any_size_are_copied(void) {
  world w = begin(1);
  CHECK(!sprat_finish(w.runtime, spawn_params, &w));
  CHECK(first(&w, 0) == 3.5);
  CHECK(!sprat_runtime_destroy(w.runtime));
}

/* What the parameters are for so many bytes and accesses. */
static unsigned char byte_of(size_t bytes, size_t accesses, size_t at) { return (unsigned char)(bytes * 31 + accesses * 7 + at); }

/* Of this shape: set by the spawner, which waits before it sets another one. */
static size_t shape_bytes, shape_accesses, shape_ran;

/* Adds its view's number to each: 1 to the first, 2 to the second. */
static void look_at_shape(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  const unsigned char *bytes = params;
  if (count != shape_accesses || (uintptr_t)params % 16 != 0) sprat_fail(scope, "another shape");
  for (size_t i = 0; i < shape_bytes; i++) {
    if (bytes[i] != byte_of(shape_bytes, shape_accesses, i)) sprat_fail(scope, "other parameters");
  }
  for (size_t v = 0; v < count; v++) {
    double *x = views[v].data;
    if (views[v].bytes != 10 * sizeof *x) sprat_fail(scope, "another view");
    if (v > 0) *x += (double)(v + 1); /* the first is only read */
  }
  shape_ran++;
}

/* A codelet of a definition that says modes, which shares nothing with its siblings; then one that waits for its end. */
static void spawn_shape(sprat_scope *s, void *argument) {
  static const sprat_mode modes[6] = {SPRAT_READ, SPRAT_READ_WRITE, SPRAT_READ_WRITE, SPRAT_READ_WRITE, SPRAT_READ_WRITE, SPRAT_READ_WRITE};
  world *w = argument;
  unsigned char params[72];
  sprat_access uses[6];
  sprat_definition shape = {sizeof shape, "shape", look_at_shape, shape_bytes, 0, shape_accesses ? modes : NULL, shape_accesses, 0, 0};
  sprat_codelet defined = {0};
  sprat_options options = SPRAT_OPTIONS_INIT;
  sprat_event ended = {{0, 0}};
  for (size_t i = 0; i < 72; i++) params[i] = byte_of(shape_bytes, shape_accesses, i);
  for (size_t v = 0; v < shape_accesses; v++) uses[v] = v == 0 ? sprat_read(w->blocks[0]) : sprat_read_write(w->blocks[v]);
  NOTE(!sprat_codelet_define(&shape, &defined));
  NOTE(!sprat_spawn(s, defined, shape_bytes ? params : NULL, shape_accesses ? uses : NULL, shape_accesses, NULL, &ended));
  NOTE(ended.id[0] != 0 || ended.id[1] != 0);
  memset(params, 0xee, sizeof params);
  options.after = &ended, options.after_count = 1;
  NOTE(!sprat_spawn(s, codelet("count", count_up, 0), NULL, &(sprat_access){w->blocks[6], SPRAT_READ_WRITE, 0, 0, 0, 0, 0, 0, 0, 0}, 1, &options, NULL));
}

/* The same by a codelet that has declared the blocks for its children. */
static void has_shape(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  (void)views, (void)count;
  spawn_shape(scope, *(void *const *)params);
}

static void spawn_shape_in_a_codelet(sprat_scope *s, void *argument) {
  world *w = argument;
  sprat_access uses[7];
  for (int i = 0; i < 7; i++) uses[i] = sprat_use(w->blocks[i], SPRAT_READ_WRITE | SPRAT_WEAK);
  NOTE(!sprat_spawn(s, codelet("has", has_shape, sizeof argument), &argument, uses, 7, NULL, NULL));
}

/* Those with few accesses and small parameters go a shorter way. */
static void spawns_of_any_shape(void) {
  world w = begin(7);
  double expected[7] = {0};
  sprat_graph *graph = NULL;
  for (shape_accesses = 0; shape_accesses <= 6; shape_accesses++) {
    for (shape_bytes = 0; shape_bytes <= 72; shape_bytes++) {
      shape_ran = 0;
      CHECK(!sprat_finish(w.runtime, spawn_shape, &w));
      CHECK(!sprat_finish(w.runtime, spawn_shape_in_a_codelet, &w));
      CHECK(!sprat_record(w.runtime, spawn_shape, &w, &graph) && !sprat_replay(w.runtime, graph, 2) && !sprat_graph_destroy(graph));
      CHECK(shape_ran == 4);
      for (size_t v = 1; v < shape_accesses; v++) expected[v] += 4 * (double)(v + 1);
      expected[6] += 4;
      for (int v = 0; v < 7; v++) CHECK(first(&w, v) == expected[v]);
    }
  }
  CHECK(!sprat_runtime_destroy(w.runtime));
}

typedef struct {
  sprat_event before;
  int link;
} chained;

static void look_before(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  const chained *own = params;
  double *x = views[0].data;
  (void)count;
  if (own->link != (int)x[0]++ || (own->link == 0) != (own->before.id[0] == 0)) sprat_fail(scope, "not the one before");
}

/* Each is told of the end of the one before, in the place where its own end is told of then. */
static void spawn_chained(sprat_scope *s, void *argument) {
  world *w = argument;
  sprat_codelet look = codelet("look", look_before, sizeof(chained));
  chained own = {{{0, 0}}, 0};
  for (; own.link < 10; own.link++) {
    uint64_t last = own.before.id[0];
    sprat_access use = sprat_read_write(w->blocks[0]);
    NOTE(!sprat_spawn(s, look, &own, &use, 1, NULL, &own.before) && own.before.id[0] != last);
  }
}

static void ends_are_told_of_where_parameters_were(void) {
  world w = begin(1);
  CHECK(!sprat_finish(w.runtime, spawn_chained, &w) && first(&w, 0) == 10);
  CHECK(!sprat_runtime_destroy(w.runtime));
}

static void scale_tile(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  double *x = views[0].data;
  (void)scope, (void)params, (void)count;
  NOTE(views[0].bytes == 2 * sizeof *x);
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 2; j++) x[i * 10 + j] += 10 * i + j;
  }
}

static void spawn_tile(sprat_scope *s, void *argument) {
  world *w = argument;
  sprat_access tile = sprat_tile(w->blocks[0], SPRAT_READ_WRITE, sizeof(double), 2, 5, 4, 6, 10);
  sprat_block matrix;
  NOTE(!sprat_adopt(s, w->array, 100, sizeof(double), &matrix));
  tile.block = matrix;
  NOTE(!sprat_spawn(s, codelet("tile", scale_tile, 0), NULL, &tile, 1, NULL, NULL));
}

static void tiles_of_adopted_arrays(void) {
  world w = begin(1);
  double array[100];
  for (int i = 0; i < 100; i++) array[i] = 1;
  w.array = array;
  CHECK(!sprat_finish(w.runtime, spawn_tile, &w));
  CHECK(array[24] == 1 && array[25] == 2 && array[35] == 12 && array[45] == 22 && array[46] == 1 && array[54] == 1);
  CHECK(!sprat_runtime_destroy(w.runtime));
}

static void spawn_reduction(sprat_scope *s, void *argument) {
  world *w = argument;
  for (int i = 0; i < 1000; i++) {
    sprat_access use = sprat_reduce(w->blocks[0], SPRAT_SUM, SPRAT_F64);
    NOTE(!sprat_spawn(s, codelet("count", count_up, 0), NULL, &use, 1, NULL, NULL));
    use = sprat_commute(w->blocks[1]);
    NOTE(!sprat_spawn(s, codelet("count", count_up, 0), NULL, &use, 1, NULL, NULL));
  }
}

static void reductions_and_commuting(void) {
  world w = begin(2);
  CHECK(!sprat_finish(w.runtime, spawn_reduction, &w));
  CHECK(first(&w, 0) == 1000 && first(&w, 1) == 1000);
  CHECK(!sprat_runtime_destroy(w.runtime));
}

static void spawn_children(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  const world *w = params;
  (void)views, (void)count;
  for (int i = 0; i < 10; i++) {
    sprat_access use = sprat_read_write(w->blocks[0]);
    NOTE(!sprat_spawn(scope, codelet("count", count_up, 0), NULL, &use, 1, NULL, NULL));
  }
}

static void spawn_parent(sprat_scope *s, void *argument) {
  world *w = argument;
  sprat_access weak = sprat_use(w->blocks[0], SPRAT_READ_WRITE | SPRAT_WEAK);
  sprat_access use = sprat_read_write(w->blocks[0]);
  sprat_access scratch[2] = {sprat_read_write(w->blocks[0]), sprat_scratch(800)};
  NOTE(!sprat_spawn(s, codelet("parent", spawn_children, sizeof *w), w, &use, 1, NULL, NULL));
  NOTE(!sprat_spawn(s, codelet("parent", spawn_children, sizeof *w), w, &weak, 1, NULL, NULL));
  NOTE(!sprat_spawn(s, codelet("count", count_up, 0), NULL, scratch, 2, NULL, NULL));
}

static void codelets_have_children(void) {
  world w = begin(1);
  CHECK(!sprat_finish(w.runtime, spawn_parent, &w));
  CHECK(first(&w, 0) == 21);
  CHECK(!sprat_runtime_destroy(w.runtime));
}

static void satisfy(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  const sprat_event *event = params;
  (void)scope, (void)views, (void)count;
  NOTE(!sprat_event_satisfy(*event));
}

static void count_down(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  const sprat_event *event = params;
  (void)scope, (void)views, (void)count;
  NOTE(!sprat_latch_down(*event));
}

static void inner(sprat_scope *s, void *argument) {
  world *w = argument;
  sprat_access use = sprat_read_write(w->blocks[1]);
  NOTE(!sprat_spawn(s, codelet("count", count_up, 0), NULL, &use, 1, NULL, NULL));
}

static void spawn_events(sprat_scope *s, void *argument) {
  world *w = argument;
  sprat_event made, latch, soon, end, scope_end;
  sprat_options options = SPRAT_OPTIONS_INIT;
  sprat_access use = sprat_read_write(w->blocks[0]);
  NOTE(!sprat_event_create_in(s, "made", &made));
  NOTE(!sprat_latch_create_in(s, "latch", 2, &latch));
  NOTE(!sprat_event_after(w->runtime, 0.001, &soon));
  NOTE(!sprat_scope_open(s, inner, w, &scope_end));
  NOTE(!sprat_spawn(s, codelet("satisfy", satisfy, sizeof made), &made, NULL, 0, NULL, &end));
  NOTE(!sprat_spawn(s, codelet("down", count_down, sizeof latch), &latch, NULL, 0, NULL, NULL));
  NOTE(!sprat_latch_up(latch) && !sprat_latch_down(latch) && !sprat_latch_down(latch));
  {
    sprat_event all[5] = {made, latch, soon, end, scope_end};
    options.after = all;
    options.after_count = 5;
    options.priority = SPRAT_HIGH;
    options.place = SPRAT_NEAR;
    options.near_block = w->blocks[0];
    options.flops = 1000;
    NOTE(!sprat_spawn(s, codelet("count", count_up, 0), NULL, &use, 1, &options, NULL));
  }
  options.after = NULL;
  options.after_count = 0;
  options.priority = SPRAT_LOW;
  options.place = SPRAT_ON_XE;
  options.place_number = 1;
  NOTE(!sprat_spawn(s, codelet("count", count_up, 0), NULL, &use, 1, &options, NULL));
  options.place = SPRAT_WITH_GROUP;
  NOTE(!sprat_group_create(w->runtime, &options.group));
  options.flags = SPRAT_AT_READY;
  NOTE(!sprat_spawn(s, codelet("count", count_up, 0), NULL, &use, 1, &options, NULL));
  NOTE(!sprat_event_destroy(soon));
  w->event = made;
  w->latch = latch;
}

static void events_latches_timers_and_options(void) {
  world w = begin(2);
  CHECK(!sprat_finish(w.runtime, spawn_events, &w));
  CHECK(!sprat_event_destroy(w.event) && !sprat_event_destroy(w.latch));
  CHECK(first(&w, 0) == 3 && first(&w, 1) == 1);
  CHECK(!sprat_runtime_destroy(w.runtime));
}

/* What happens elsewhere and can only be asked for. */
typedef struct request {
  int32_t left; /* until then it has not come */
  int32_t answer;
  int32_t asked;
} request;

static int32_t test_request(void *argument) {
  request *r = argument;
  r->asked++;
  return r->asked < r->left ? 0 : r->answer;
}

static request requests[2];

static void nothing_to_do(sprat_scope *s, void *argument) { (void)s, (void)argument; }

static void spawn_polled(sprat_scope *s, void *argument) {
  world *w = argument;
  sprat_options options = SPRAT_OPTIONS_INIT;
  sprat_access use = sprat_read_write(w->blocks[0]);
  sprat_event both[2];
  NOTE(!sprat_event_poll(w->runtime, "a request", test_request, &requests[0], &both[0]));
  NOTE(!sprat_event_poll_in(s, "another", test_request, &requests[1], &both[1]));
  options.after = both;
  options.after_count = 2;
  NOTE(!sprat_spawn(s, codelet("count", count_up, 0), NULL, &use, 1, &options, NULL));
  /* They come all the same. */
  NOTE(!sprat_event_destroy(both[0]) && !sprat_event_destroy(both[1]));
}

static void events_are_polled(void) {
  world w = begin(1);
  sprat_error details = SPRAT_ERROR_INIT;
  requests[0] = (request){10, 1, 0};
  requests[1] = (request){30, 7, 0};
  CHECK(!sprat_finish(w.runtime, spawn_polled, &w));
  CHECK(requests[0].asked == 10 && requests[1].asked == 30 && first(&w, 0) == 1);
  requests[0] = (request){1, 1, 0};
  requests[1] = (request){3, -5, 0};
  REFUSED(sprat_finish(w.runtime, spawn_polled, &w), SPRAT_FAILED, "returned -5");
  CHECK(!sprat_error_details(&details) && details.cause == SPRAT_EVENT && strstr(details.message, "`another`") != NULL);
  CHECK(requests[0].asked == 1 && requests[1].asked == 3);
  /* One that never comes ends with the runtime. */
  requests[0] = (request){INT32_MAX, 1, 0};
  CHECK(!sprat_event_poll(w.runtime, "never", test_request, &requests[0], &w.event));
  CHECK(!sprat_runtime_destroy(w.runtime));
  int32_t asked = requests[0].asked;
  w.runtime = start();
  CHECK(!sprat_finish(w.runtime, nothing_to_do, NULL) && requests[0].asked == asked);
  CHECK(!sprat_runtime_destroy(w.runtime));
}

static void spawn_moves(sprat_scope *s, void *argument) {
  world *w = argument;
  double value = 5;
  sprat_access write = sprat_write(w->blocks[0]);
  sprat_access both[2] = {sprat_read(w->blocks[0]), sprat_read_write(w->blocks[1])};
  sprat_options options = SPRAT_OPTIONS_INIT;
  sprat_event moved[3];
  sprat_block here, beside;
  NOTE(!sprat_spawn(s, codelet("fill", fill, sizeof value), &value, &write, 1, NULL, NULL));
  NOTE(!sprat_migrate(s, w->blocks[0], sprat_home_region(1), &moved[0]));
  NOTE(!sprat_migrate_group(s, w->blocks + 1, 2, sprat_home_near(w->blocks[3]), &moved[1]));
  NOTE(!sprat_replicate(s, w->blocks[0], &moved[2]));
  options.after = moved;
  options.after_count = 3;
  NOTE(!sprat_spawn(s, codelet("add", add, 0), NULL, both, 2, &options, NULL));
  NOTE(!sprat_block_create_at_in(s, sprat_home_kind_of(SPRAT_HOME_INTERLEAVED), 10, 8, &here));
  NOTE(!sprat_block_create_at_in(s, sprat_home_near(here), 10, 8, &beside));
  NOTE(!sprat_migrate(s, beside, sprat_home_region(0), NULL));
}

static void blocks_have_homes_and_move(void) {
  sprat_config config = SPRAT_CONFIG_INIT;
  world w = {NULL, {{0}}, {{0, 0}}, {{0, 0}}, {0}, NULL, NULL, 0};
  uint32_t region = 7;
  config.topology = "package:2 region:1 core:1";
  config.environment = SPRAT_NO;
  CHECK(!sprat_runtime_create(&config, &w.runtime));
  CHECK(!sprat_blocks_create(w.runtime, 1, 10, sizeof(double), w.blocks));
  CHECK(!sprat_block_region(w.runtime, w.blocks[0], &region) && region == SPRAT_NOWHERE);
  CHECK(!sprat_blocks_create_at(w.runtime, sprat_home_region(0), 2, 10, sizeof(double), w.blocks + 1));
  CHECK(!sprat_blocks_create_at(w.runtime, sprat_home_region(1), 1, 10, sizeof(double), w.blocks + 3));
  CHECK(!sprat_finish(w.runtime, spawn_moves, &w) && first(&w, 0) == 5 && first(&w, 1) == 5);
  CHECK(!sprat_block_region(w.runtime, w.blocks[0], &region) && region == 1);
  CHECK(!sprat_block_region(w.runtime, w.blocks[1], &region) && region == 1);
  CHECK(!sprat_runtime_destroy(w.runtime));
}

static void record_step(sprat_scope *s, void *argument) {
  world *w = argument;
  double one = 1;
  sprat_access write = sprat_write(w->blocks[0]);
  sprat_access both[2] = {sprat_read(w->blocks[0]), sprat_read_write(w->blocks[1])};
  NOTE(!sprat_spawn(s, codelet("fill", fill, sizeof one), &one, &write, 1, NULL, NULL));
  NOTE(!sprat_spawn(s, codelet("add", add, 0), NULL, both, 2, NULL, NULL));
}

static int32_t enough(size_t round, void *argument) {
  world *w = argument;
  w->count++;
  NOTE((int)round + 1 == w->count);
  return first(w, 1) >= 110;
}

static void graphs_are_recorded_and_replayed(void) {
  world w = begin(2);
  size_t codelets = 0;
  CHECK(!sprat_record(w.runtime, record_step, &w, &w.graph));
  CHECK(!sprat_graph_codelets(w.graph, &codelets) && codelets == 2);
  CHECK(first(&w, 1) == 0);
  CHECK(!sprat_replay(w.runtime, w.graph, 100));
  CHECK(first(&w, 1) == 100);
  CHECK(!sprat_replay_until(w.runtime, w.graph, enough, &w));
  CHECK(first(&w, 1) == 110 && w.count == 10);
  REFUSED(sprat_replay_within(w.runtime, 0.01, w.graph, (size_t)1 << 31), SPRAT_CANCELLED, "rounds ran, all of each");
  {
    sprat_error error = SPRAT_ERROR_INIT;
    CHECK(!sprat_error_details(&error));
    CHECK(error.status == SPRAT_CANCELLED && first(&w, 1) == 110 + (double)error.rounds && error.rounds > 0);
  }
  CHECK(!sprat_graph_destroy(w.graph));
  CHECK(!sprat_runtime_destroy(w.runtime));
}

static void fails(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  (void)params, (void)views, (void)count;
  NOTE(!sprat_fail(scope, "the input has no rows"));
  NOTE(!sprat_fail(scope, "and no columns"));
}

static void spawn_failing(sprat_scope *s, void *argument) {
  world *w = argument;
  sprat_access use = sprat_read_write(w->blocks[0]);
  NOTE(!sprat_spawn(s, codelet("load", fails, 0), NULL, &use, 1, NULL, NULL));
  NOTE(!sprat_spawn(s, codelet("count", count_up, 0), NULL, &use, 1, NULL, NULL));
}

static void spawn_healing(sprat_scope *s, void *argument) {
  world *w = argument;
  double six = 6;
  sprat_access use = sprat_write(w->blocks[0]);
  NOTE(!sprat_spawn(s, codelet("fill", fill, sizeof six), &six, &use, 1, NULL, NULL));
}

static void failures_are_told_and_healed(void) {
  world w = begin(1);
  sprat_error error = SPRAT_ERROR_INIT;
  REFUSED(sprat_finish(w.runtime, spawn_failing, &w), SPRAT_FAILED, "codelet `load` failed: the input has no rows");
  CHECK(!sprat_error_details(&error));
  CHECK(error.status == SPRAT_FAILED && error.cause == SPRAT_USER && error.failed == 1 && error.skipped == 1);
  CHECK(!strcmp(error.codelet, "load") && strstr(error.message, "no rows") && !strstr(error.message, ".rs"));
  REFUSED(sprat_block_read(w.runtime, w.blocks[0], 0, &error, 8), SPRAT_FAILED, "no rows");
  CHECK(!sprat_finish(w.runtime, spawn_healing, &w));
  CHECK(first(&w, 0) == 6);
  CHECK(!sprat_runtime_destroy(w.runtime));
}

static void shaky(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  int *tries = *(int *const *)params;
  (void)count;
  *(double *)views[0].data += 1;
  if (++*tries < 3) sprat_fail(scope, "not yet");
}

static void spawn_shaky(sprat_scope *s, void *argument) {
  world *w = argument;
  int *tries = &w->count;
  sprat_options options = SPRAT_OPTIONS_INIT;
  sprat_access use[2] = {sprat_read_write(w->blocks[0]), sprat_use(w->blocks[1], SPRAT_READ | SPRAT_WEAK)};
  options.repeats = 5;
  NOTE(!sprat_spawn(s, codelet("shaky", shaky, sizeof tries), &tries, use, 2, &options, NULL));
}

static void bodies_may_run_again(void) {
  world w = begin(2);
  CHECK(!sprat_finish(w.runtime, spawn_shaky, &w));
  CHECK(first(&w, 0) == 1 && w.count == 3);
  CHECK(!sprat_runtime_destroy(w.runtime));
}

static void cancels(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  const sprat_canceller *canceller = params;
  (void)views, (void)count;
  NOTE(sprat_is_cancelled(scope) == 0);
  NOTE(!sprat_canceller_cancel(*canceller, "there is nothing to look for"));
  NOTE(sprat_is_cancelled(scope) == 1);
}

static void spawn_cancelling(sprat_scope *s, void *argument) {
  world *w = argument;
  sprat_event never;
  sprat_options options = SPRAT_OPTIONS_INIT;
  NOTE(!sprat_canceller_create(s, &w->canceller));
  NOTE(!sprat_event_create(w->runtime, "never", &never));
  options.after = &never;
  options.after_count = 1;
  NOTE(!sprat_spawn(s, codelet("cancel", cancels, sizeof w->canceller), &w->canceller, NULL, 0, NULL, NULL));
  NOTE(!sprat_spawn(s, codelet("search", count_up, 0), NULL, NULL, 0, &options, NULL));
  w->event = never;
}

static void cancels_itself(sprat_scope *s, void *argument) {
  (void)argument;
  NOTE(!sprat_cancel(s, "a change of mind"));
}

static void fails_without_words(sprat_scope *s, void *argument) {
  cancels_itself(s, argument);
  NOTE(!sprat_fail(s, ""));
}

static void waits_for_ever(sprat_scope *s, void *argument) {
  world *w = argument;
  sprat_options options = SPRAT_OPTIONS_INIT;
  options.after = &w->event;
  options.after_count = 1;
  NOTE(!sprat_spawn(s, codelet("search", count_up, 0), NULL, NULL, 0, &options, NULL));
}

static void scopes_are_cancelled(void) {
  world w = begin(1);
  sprat_error error = SPRAT_ERROR_INIT;
  REFUSED(sprat_finish(w.runtime, spawn_cancelling, &w), SPRAT_CANCELLED, "nothing to look for");
  CHECK(!sprat_error_details(&error) && error.ran == 1 && error.not_started == 1);
  CHECK(!sprat_canceller_destroy(w.canceller));
  REFUSED(sprat_finish_within(w.runtime, 0.005, waits_for_ever, &w), SPRAT_CANCELLED, "cancelled");
  CHECK(!sprat_event_destroy(w.event));
  REFUSED(sprat_finish(w.runtime, cancels_itself, &w), SPRAT_CANCELLED, "a change of mind");
  REFUSED(sprat_finish(w.runtime, fails_without_words, &w), SPRAT_CANCELLED, "a change of mind");
  CHECK(!sprat_runtime_destroy(w.runtime));
}

static void spawn_made(sprat_scope *s, void *argument) {
  world *w = argument;
  double two = 2;
  sprat_block block;
  sprat_access use;
  NOTE(!sprat_block_create_in(s, 10, sizeof(double), &block));
  use = sprat_write(block);
  NOTE(!sprat_spawn(s, codelet("fill", fill, sizeof two), &two, &use, 1, NULL, NULL));
  {
    sprat_access both[2] = {sprat_read(block), sprat_read_write(w->blocks[0])};
    NOTE(!sprat_spawn(s, codelet("add", add, 0), NULL, both, 2, NULL, NULL));
  }
  NOTE(!sprat_block_destroy_in(s, block));
}

static void releases(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  (void)params, (void)count;
  *(double *)views[0].data += 40;
  NOTE(!sprat_release(scope, &views[0]));
}

static void spawn_releasing(sprat_scope *s, void *argument) {
  world *w = argument;
  sprat_access use = sprat_read_write(w->blocks[0]);
  sprat_options options = SPRAT_OPTIONS_INIT;
  options.flags = SPRAT_AT_READY;
  NOTE(!sprat_spawn(s, codelet("release", releases, 0), NULL, &use, 1, &options, NULL));
}

static void blocks_are_made_destroyed_and_released(void) {
  world w = begin(1);
  CHECK(!sprat_finish(w.runtime, spawn_made, &w));
  CHECK(first(&w, 0) == 2);
  CHECK(!sprat_finish(w.runtime, spawn_releasing, &w));
  CHECK(first(&w, 0) == 42);
  CHECK(!sprat_block_destroy(w.runtime, w.blocks[0]));
  CHECK(!sprat_runtime_destroy(w.runtime));
}

static void bump(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  (void)scope, (void)params, (void)count;
  ((double *)views[0].data)[0] += 1;
}

static void record_bump(sprat_scope *scope, void *argument) {
  world *w = argument;
  sprat_access use = sprat_read_write(w->blocks[0]);
  sprat_codelet more = codelet("bump", bump, 0);
  NOTE(!sprat_spawn(scope, more, NULL, &use, 1, NULL, NULL));
}

static void the_runtime_is_suspended(void) {
  world w = {NULL, {{0}}, {{0, 0}}, {{0, 0}}, {0}, NULL, NULL, 0};
  sprat_xe xe = SPRAT_XE_INIT;
  double x = 0;
  w.runtime = start();
  CHECK(!sprat_blocks_create(w.runtime, 2, 10, sizeof(double), w.blocks));
  CHECK(!sprat_finish(w.runtime, record_bump, &w));
  CHECK(!sprat_suspend(w.runtime) && !sprat_suspend(w.runtime) && !sprat_resume(w.runtime));
  CHECK(!sprat_xe_get(w.runtime, 0, &xe));
  REFUSED(sprat_finish(w.runtime, record_bump, &w), SPRAT_SUSPENDED, "resume first");
  REFUSED(sprat_block_read(w.runtime, w.blocks[0], 0, &x, sizeof x), SPRAT_SUSPENDED, "resume first");
  CHECK(!sprat_resume(w.runtime));
  CHECK(!sprat_finish(w.runtime, record_bump, &w) && first(&w, 0) == 2);
  CHECK(!sprat_set_xes(w.runtime, 1) && !sprat_finish(w.runtime, record_bump, &w) && first(&w, 0) == 3);
  CHECK(!sprat_set_xes(w.runtime, 2) && !sprat_finish(w.runtime, record_bump, &w) && first(&w, 0) == 4);
  CHECK(!sprat_suspend(w.runtime) && !sprat_runtime_destroy(w.runtime));
}

/* Adds the product of a and the factor to b, whose elements are as long as they come. */
static int32_t scaled(const void *params, size_t begin, size_t end, const sprat_view *views, size_t count) {
  const double *a = views[0].data, factor = *(const double *)params;
  float *b = views[1].data;
  if (count != 2 || views[0].bytes != (end - begin) * sizeof *a || views[1].bytes != (end - begin) * sizeof *b) return 1;
  for (size_t i = 0; i < end - begin; i++) b[i] += (float)(factor * a[i] + (double)(begin + i));
  return 0;
}

static int32_t stops_at_700(const void *params, size_t begin, size_t end, const sprat_view *views, size_t count) {
  (void)params, (void)views, (void)count;
  return begin <= 700 && 700 < end ? -7 : 0;
}

static void spawn_loops(sprat_scope *s, void *argument) {
  world *w = argument;
  double two = 2;
  sprat_access one = sprat_write(w->blocks[2]);
  sprat_access both[2] = {sprat_read(w->blocks[2]), sprat_read_write(w->blocks[3])};
  sprat_loop all = {sizeof all, "scaled", scaled, sizeof two, 10000, 0};
  sprat_options options = SPRAT_OPTIONS_INIT;
  sprat_event ended;
  NOTE(!sprat_spawn(s, codelet("fill", fill, sizeof two), &two, &one, 1, NULL, NULL));
  NOTE(!sprat_for_each(s, &all, &two, both, 2, NULL, &ended));
  /* A part of it again, in chunks of 7. */
  all.elements = 100, all.grain = 7;
  both[0] = sprat_part(w->blocks[2], SPRAT_READ, 8, 500, 600), both[1] = sprat_part(w->blocks[3], SPRAT_READ_WRITE, 4, 500, 600);
  options.after = &ended, options.after_count = 1, options.priority = SPRAT_HIGH;
  NOTE(!sprat_for_each(s, &all, &two, both, 2, &options, NULL));
  all.elements = 0;
  NOTE(!sprat_for_each(s, &all, &two, both, 2, NULL, NULL));
}

static void spawn_stopping(sprat_scope *s, void *argument) {
  world *w = argument;
  sprat_access use = sprat_write(w->blocks[3]);
  sprat_loop all = {sizeof all, "stops", stops_at_700, 0, 1000, 10};
  NOTE(!sprat_for_each(s, &all, NULL, &use, 1, NULL, NULL));
}

/* Says what went wrong, twice, of which the first counts; the other chunks are fine. */
static int32_t says_at_700(const void *params, size_t begin, size_t end, const sprat_view *views, size_t count) {
  int32_t here = stops_at_700(params, begin, end, views, count) != 0;
  if (here && (sprat_chunk_fail("the matrix is singular") || sprat_chunk_fail("and more"))) return 1;
  return 0;
}

static void spawn_saying(sprat_scope *s, void *argument) {
  world *w = argument;
  sprat_access use = sprat_write(w->blocks[2]);
  sprat_loop all = {sizeof all, "says", says_at_700, 0, 1000, 10};
  NOTE(!sprat_for_each(s, &all, NULL, &use, 1, NULL, NULL));
}

static void spawn_uneven(sprat_scope *s, void *argument) {
  world *w = argument;
  sprat_access use = sprat_write(w->blocks[3]);
  sprat_loop all = {sizeof all, "uneven", stops_at_700, 0, 777, 10};
  NOTE(!sprat_for_each(s, &all, NULL, &use, 1, NULL, NULL));
}

/* Where the elements of a chunk begin and end, and their sum. */
typedef struct span {
  size_t begin, end;
  double sum;
} span;

static int32_t sums(const void *params, size_t begin, size_t end, const sprat_view *views, size_t count, void *result) {
  const double *of = views[0].data, *factor = params;
  span *made = result;
  if (count != 1 || views[0].bytes != (end - begin) * 8 || (uintptr_t)result % 16 || made->begin || made->end || made->sum != 0) return 1;
  made->begin = begin, made->end = end;
  for (size_t i = 0; i < end - begin; i++) made->sum += *factor * of[i];
  return begin == 700 ? (int32_t)*factor : 0;
}

/* Only neighbours are combined, in their order. */
static int32_t joined(const void *params, void *result, const void *next) {
  span *first = result;
  const span *second = next;
  if (first->end != second->begin) return *(const double *)params == 0 ? 2 : 3;
  first->end = second->end, first->sum += second->sum;
  return 0;
}

static void spawn_sums(sprat_scope *s, void *argument) {
  world *w = argument;
  double factor = 0.1;
  sprat_access all = sprat_read(w->blocks[2]);
  sprat_reduction sum = {sizeof sum, "sum", sums, joined, sizeof factor, 10000, 0, sizeof(span)};
  sprat_event first;
  sprat_options options = SPRAT_OPTIONS_INIT;
  NOTE(!sprat_map_reduce(s, &sum, &factor, &all, 1, w->blocks[4], NULL, &first));
  options.after = &first, options.after_count = 1;
  all = sprat_part(w->blocks[2], SPRAT_READ, 8, 500, 501), sum.elements = 1, sum.grain = 7;
  NOTE(!sprat_map_reduce(s, &sum, &factor, &all, 1, w->blocks[5], &options, NULL));
}

static void spawn_failing_sum(sprat_scope *s, void *argument) {
  world *w = argument;
  double factor = 9;
  sprat_access all = sprat_read(w->blocks[2]);
  sprat_reduction sum = {sizeof sum, "fails", sums, joined, sizeof factor, 10000, 10, sizeof(span)};
  NOTE(!sprat_map_reduce(s, &sum, &factor, &all, 1, w->blocks[4], NULL, NULL));
}

static void reductions_end_in_a_block(void) {
  static double fill_with[10000];
  span whole[2], one;
  for (size_t engines = 1; engines <= 2; engines++) {
    sprat_config config = SPRAT_CONFIG_INIT;
    world w;
    memset(&w, 0, sizeof w);
    config.xes = engines, config.oversubscribe = SPRAT_YES, config.pin = SPRAT_NO;
    CHECK(!sprat_runtime_create(&config, &w.runtime));
    for (size_t i = 0; i < 10000; i++) fill_with[i] = 1.0 / (double)(i + 1);
    CHECK(!sprat_block_create(w.runtime, 10000, 8, &w.blocks[2]) && !sprat_block_write(w.runtime, w.blocks[2], 0, fill_with, sizeof fill_with));
    CHECK(!sprat_block_create(w.runtime, 1, sizeof(span), &w.blocks[4]) && !sprat_block_create(w.runtime, 1, sizeof(span), &w.blocks[5]));
    CHECK(!sprat_finish(w.runtime, spawn_sums, &w));
    CHECK(!sprat_block_read(w.runtime, w.blocks[4], 0, &whole[engines - 1], sizeof(span)));
    CHECK(!sprat_block_read(w.runtime, w.blocks[5], 0, &one, sizeof one));
    CHECK(whole[engines - 1].begin == 0 && whole[engines - 1].end == 10000 && one.end == 1 && one.sum == 0.1 * fill_with[500]);
    REFUSED(sprat_finish(w.runtime, spawn_failing_sum, &w), SPRAT_FAILED, "its body returned 9 for elements 700 to 709");
    REFUSED(sprat_block_read(w.runtime, w.blocks[4], 0, &one, sizeof one), SPRAT_FAILED, "fails");
    CHECK(!sprat_runtime_destroy(w.runtime));
  }
  /* The same bits. */
  CHECK(memcmp(&whole[0], &whole[1], sizeof(span)) == 0 && whole[0].sum > 0.97 && whole[0].sum < 0.98);
}

static void loops_go_over_blocks(void) {
  static float b[10000];
  world w = begin(1);
  CHECK(!sprat_block_create(w.runtime, 10000, 8, &w.blocks[2]) && !sprat_block_create(w.runtime, 10000, 4, &w.blocks[3]));
  CHECK(!sprat_finish(w.runtime, spawn_loops, &w));
  CHECK(!sprat_block_read(w.runtime, w.blocks[3], 0, b, sizeof b));
  for (size_t i = 0; i < 10000; i++) CHECK(b[i] == (float)(4 + i) + (i >= 500 && i < 600 ? (float)(4 + i - 500) : 0));
  REFUSED(sprat_finish(w.runtime, spawn_stopping, &w), SPRAT_FAILED, "its body returned -7 for elements 700 to 709");
  REFUSED(sprat_block_read(w.runtime, w.blocks[3], 0, b, sizeof b), SPRAT_FAILED, "stops");
  REFUSED(sprat_finish(w.runtime, spawn_saying, &w), SPRAT_FAILED, "the matrix is singular for elements 700 to 709");
  REFUSED(sprat_finish(w.runtime, spawn_uneven, &w), SPRAT_FAILED, "40000 bytes");
  CHECK(!sprat_runtime_destroy(w.runtime));
}

/* A file of this process's own. */
static const char *file_name(void) {
  static char name[64];
  snprintf(name, sizeof name, "/tmp/sprat-use-%ld", (long)getpid());
  return name;
}

static void through_files(sprat_scope *s, void *argument) {
  world *w = argument;
  double three = 3;
  sprat_access use = sprat_write(w->blocks[0]), both[2];
  sprat_options options = SPRAT_OPTIONS_INIT;
  sprat_event written[2];
  sprat_block tail;
  NOTE(!sprat_spawn(s, codelet("fill", fill, sizeof three), &three, &use, 1, NULL, NULL));
  NOTE(!sprat_write_file_in(s, w->blocks[0], file_name(), NULL, &written[0]));
  options.after = written;
  options.after_count = 1;
  /* Behind the first: the file has 20 numbers then. */
  NOTE(!sprat_write_file_at(s, w->blocks[0], file_name(), 80, &options, &written[1]));
  options.after_count = 2;
  NOTE(!sprat_read_file_into(s, w->blocks[1], file_name(), 40, &options, NULL));
  NOTE(!sprat_read_file_in(s, file_name(), 80, 80, &options, &tail));
  both[0] = sprat_read(tail), both[1] = sprat_read_write(w->blocks[1]);
  NOTE(!sprat_spawn(s, codelet("add", add, 0), NULL, both, 2, NULL, NULL));
}

static void reads_what_is_not_there(sprat_scope *s, void *argument) {
  world *w = argument;
  NOTE(!sprat_read_file_into(s, w->blocks[0], "/nowhere/at all", 0, NULL, NULL));
}

static void files_are_read_and_written(void) {
  world w = begin(2);
  double x[20] = {0};
  sprat_block all;
  CHECK(!sprat_finish(w.runtime, through_files, &w));
  CHECK(first(&w, 1) == 6);
  CHECK(!sprat_read_file(w.runtime, file_name(), 0, 0, &all));
  CHECK(!sprat_block_read(w.runtime, all, 0, x, sizeof x) && x[0] == 3 && x[19] == 3);
  REFUSED(sprat_block_read(w.runtime, all, 80, x, sizeof x), SPRAT_ACCESS, "160 bytes");
  CHECK(!sprat_write_file(w.runtime, w.blocks[1], file_name()));
  CHECK(!sprat_read_file(w.runtime, file_name(), 72, 0, &all));
  CHECK(!sprat_block_read(w.runtime, all, 0, x, 8) && x[0] == 6);
  REFUSED(sprat_read_file(w.runtime, file_name(), 80, 0, &all), SPRAT_BLOCK_SIZE, "none");
  REFUSED(sprat_read_file(w.runtime, file_name(), 0, 88, &all), SPRAT_FAILED, file_name());
  REFUSED(sprat_finish(w.runtime, reads_what_is_not_there, &w), SPRAT_FAILED, "/nowhere/at all");
  CHECK(remove(file_name()) == 0);
  CHECK(!sprat_runtime_destroy(w.runtime));
}

static void satisfies(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  (void)scope, (void)views, (void)count;
  NOTE(!sprat_channel_satisfy(*(const sprat_channel *)params));
}

/* Three come, of which two were asked for before. */
static void three_of_a_line(sprat_scope *s, void *argument) {
  world *w = argument;
  sprat_access use = sprat_read_write(w->blocks[0]);
  sprat_options options = SPRAT_OPTIONS_INIT;
  sprat_channel line;
  sprat_event next[3];
  NOTE(!sprat_channel_create_in(s, "line", 2, &line));
  NOTE(!sprat_channel_next(line, &next[0]) && !sprat_channel_next(line, &next[1]));
  REFUSED(sprat_channel_next(line, &next[2]), SPRAT_EVENT, "the channel `line`");
  for (int i = 0; i < 2; i++) NOTE(!sprat_spawn(s, codelet("satisfies", satisfies, sizeof line), &line, NULL, 0, NULL, NULL));
  options.after = next;
  options.after_count = 2;
  NOTE(!sprat_spawn(s, codelet("count_up", count_up, 0), NULL, &use, 1, &options, NULL));
  for (int i = 0; i < 2; i++) NOTE(!sprat_event_destroy(next[i]));
}

static void waits_for_the_line(sprat_scope *s, void *argument) {
  world *w = argument;
  sprat_access use = sprat_read_write(w->blocks[0]);
  sprat_options options = SPRAT_OPTIONS_INIT;
  options.after = &w->event;
  options.after_count = 1;
  NOTE(!sprat_spawn(s, codelet("count_up", count_up, 0), NULL, &use, 1, &options, NULL));
}

static void channels_are_lines_of_events(void) {
  world w = begin(1);
  sprat_channel line;
  CHECK(!sprat_finish(w.runtime, three_of_a_line, &w) && first(&w, 0) == 1);
  CHECK(!sprat_channel_create(w.runtime, "steps", 0, &line));
  CHECK(!sprat_channel_satisfy(line) && !sprat_channel_next(line, &w.event));
  CHECK(!sprat_finish(w.runtime, waits_for_the_line, &w) && first(&w, 0) == 2);
  CHECK(!sprat_event_destroy(w.event) && !sprat_channel_next(line, &w.event) && !sprat_channel_destroy(line));
  REFUSED(sprat_finish(w.runtime, waits_for_the_line, &w), SPRAT_FAILED, "channel");
  REFUSED(sprat_channel_satisfy(line), SPRAT_STALE, "the channel");
  CHECK(!sprat_runtime_destroy(w.runtime));
}

static void memory_is_accounted_for(void) {
  sprat_config config = SPRAT_CONFIG_INIT;
  sprat_memory memory = SPRAT_MEMORY_INIT;
  world w = {NULL, {{0}}, {{0, 0}}, {{0, 0}}, {0}, NULL, NULL, 0};
  char text[4096], little[8];
  size_t length = 0, again = 0;
  config.environment = SPRAT_NO;
  config.pin = SPRAT_NO;
  config.memory_report = SPRAT_YES;
  CHECK(!sprat_runtime_create(&config, &w.runtime));
  CHECK(!sprat_blocks_create(w.runtime, 2, 10, sizeof(double), w.blocks));
  CHECK(!sprat_block_name(w.runtime, w.blocks[1], "sum"));
  CHECK(!sprat_finish(w.runtime, spawn_chain, &w));
  CHECK(!sprat_memory_get(w.runtime, &memory));
  /* Two fill a block; one reads one, and reads and writes the other. */
  CHECK(memory.local_bytes + memory.remote_bytes == 5 * 80 && memory.unplaced_bytes == 0 && memory.other_bytes == 0);
  CHECK(!sprat_memory_report(w.runtime, NULL, 0, &length) && length > 20 && length < sizeof text);
  CHECK(!sprat_memory_report(w.runtime, text, sizeof text, &again) && again == length && strlen(text) == length);
  CHECK(strstr(text, "fill, sum (") != NULL && strstr(text, "80 B") != NULL);
  CHECK(!sprat_memory_report(w.runtime, little, sizeof little, NULL) && strcmp(little, "memory:") == 0);
  CHECK(!sprat_runtime_destroy(w.runtime));
}

static void the_machine_is_told(void) {
  world w = begin(2);
  sprat_machine machine = SPRAT_MACHINE_INIT;
  sprat_region region = SPRAT_REGION_INIT;
  uint32_t distance = 0;
  uint64_t ran = 0;
  CHECK(!sprat_machine_get(w.runtime, &machine));
  CHECK(machine.xes == 2 && machine.cores >= 1 && machine.threads >= machine.cores && machine.regions >= 1);
  CHECK(machine.size == sizeof machine && machine.ce_mode >= SPRAT_CE_SHARED);
  CHECK(!sprat_region_get(w.runtime, 0, &region));
  CHECK(!sprat_distance(w.runtime, 0, 0, &distance) && distance == 10);
  CHECK(!sprat_finish(w.runtime, spawn_reduction, &w));
  for (size_t i = 0; i < machine.xes; i++) {
    sprat_xe xe = SPRAT_XE_INIT;
    CHECK(!sprat_xe_get(w.runtime, i, &xe));
    ran += xe.ran;
  }
  CHECK(ran >= 2000);
  CHECK(!sprat_region_get(w.runtime, 0, &region) && region.mapped_bytes > 0);
  CHECK(!sprat_runtime_destroy(w.runtime));
}

static void other_machines_and_the_checking_mode(void) {
  sprat_config config = SPRAT_CONFIG_INIT;
  sprat_machine machine = SPRAT_MACHINE_INIT;
  world w = {NULL, {{0}}, {{0, 0}}, {{0, 0}}, {0}, NULL, NULL, 0};
  config.topology = "package:2 region:2 core:1";
  config.stack_bytes = 4 << 20;
  config.live_codelets = 100;
  config.spin_us = -1;
  config.ce_mode = SPRAT_CE_SHARED;
  config.environment = SPRAT_NO;
  CHECK(!sprat_runtime_create(&config, &w.runtime));
  CHECK(!sprat_machine_get(w.runtime, &machine) && machine.packages == 2 && machine.xes == 4);
  CHECK(!sprat_runtime_destroy(w.runtime));
  config.check_seed = 7;
  CHECK(!sprat_runtime_create(&config, &w.runtime));
  CHECK(!sprat_blocks_create(w.runtime, 2, 10, sizeof(double), w.blocks));
  CHECK(!sprat_finish(w.runtime, spawn_chain, &w) && first(&w, 1) == 7);
  CHECK(!sprat_finish(w.runtime, spawn_parent, &w) && first(&w, 0) == 24);
  CHECK(!sprat_runtime_destroy(w.runtime));
}

static void versions_and_texts(void) {
  CHECK(sprat_version() == SPRAT_VERSION);
  CHECK(strcmp(sprat_status_text(SPRAT_STUCK), "a scope could make no progress") == 0);
}

int main(void) {
  static const test tests[] = {
      {"versions and texts", versions_and_texts},
      {"codelets run in the order of their accesses", codelets_run_in_the_order_of_their_accesses},
      {"lists of any length", lists_of_any_length},
      {"parameters of any size are copied", parameters_of_any_size_are_copied},
      {"spawns of any shape", spawns_of_any_shape},
      {"ends are told of where parameters were", ends_are_told_of_where_parameters_were},
      {"tiles of adopted arrays", tiles_of_adopted_arrays},
      {"reductions and commuting", reductions_and_commuting},
      {"codelets have children", codelets_have_children},
      {"events, latches, timers and options", events_latches_timers_and_options},
      {"events are polled", events_are_polled},
      {"blocks have homes and move", blocks_have_homes_and_move},
      {"graphs are recorded and replayed", graphs_are_recorded_and_replayed},
      {"failures are told and healed", failures_are_told_and_healed},
      {"bodies may run again", bodies_may_run_again},
      {"scopes are cancelled", scopes_are_cancelled},
      {"blocks are made, destroyed and released", blocks_are_made_destroyed_and_released},
      {"the runtime is suspended", the_runtime_is_suspended},
      {"loops go over blocks", loops_go_over_blocks},
      {"reductions end in a block", reductions_end_in_a_block},
      {"files are read and written", files_are_read_and_written},
      {"channels are lines of events", channels_are_lines_of_events},
      {"memory is accounted for", memory_is_accounted_for},
      {"the machine is told", the_machine_is_told},
      {"other machines and the checking mode", other_machines_and_the_checking_mode},
  };
  return run_all(tests, sizeof tests / sizeof *tests);
}
