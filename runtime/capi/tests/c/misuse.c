/* What the interface says to nonsense: a status and a message, and all goes on. */
#include "check.h"
#include <pthread.h>

static sprat_runtime *rt, *other;
static sprat_codelet nothing, one_read;
static sprat_block block, foreign, gone;
static sprat_scope *escaped;

static void does_nothing(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  (void)scope, (void)params, (void)views, (void)count;
}

static void empty(sprat_scope *scope, void *argument) { (void)scope, (void)argument; }

static void nulls(void) {
  sprat_block b;
  sprat_event e;
  sprat_group g;
  sprat_graph *graph;
  sprat_machine m = SPRAT_MACHINE_INIT;
  double x;
  REFUSED(sprat_runtime_create(NULL, NULL), SPRAT_NULL, "place for the runtime");
  REFUSED(sprat_runtime_destroy(NULL), SPRAT_NULL, "the runtime");
  REFUSED(sprat_finish(NULL, empty, NULL), SPRAT_NULL, "the runtime");
  REFUSED(sprat_suspend(NULL), SPRAT_NULL, "the runtime");
  REFUSED(sprat_resume(NULL), SPRAT_NULL, "the runtime");
  REFUSED(sprat_set_xes(NULL, 1), SPRAT_NULL, "the runtime");
  REFUSED(sprat_set_xes(rt, 0), SPRAT_CONFIG, "from 1 to 2 can");
  REFUSED(sprat_set_xes(rt, 3), SPRAT_CONFIG, "from 1 to 2 can");
  REFUSED(sprat_set_policy(NULL, SPRAT_POLICY_ENERGY), SPRAT_NULL, "the runtime");
  REFUSED(sprat_policy_get(rt, NULL), SPRAT_NULL, "the place for the policy");
  REFUSED(sprat_resume(rt), SPRAT_SUSPENDED, "without a `suspend`");
  REFUSED(sprat_finish(rt, NULL, NULL), SPRAT_NULL, "the body");
  REFUSED(sprat_block_create(NULL, 1, 1, &b), SPRAT_NULL, "the runtime");
  REFUSED(sprat_block_create(rt, 1, 1, NULL), SPRAT_NULL, "place for the block");
  REFUSED(sprat_block_read(rt, block, 0, NULL, 1), SPRAT_NULL, "copy to");
  REFUSED(sprat_block_write(rt, block, 0, NULL, 1), SPRAT_NULL, "copy from");
  REFUSED(sprat_block_read(rt, (sprat_block){0}, 0, &x, 1), SPRAT_NULL, "the block");
  REFUSED(sprat_block_name(rt, block, NULL), SPRAT_NULL, "the name");
  REFUSED(sprat_spawn(NULL, nothing, NULL, NULL, 0, NULL, NULL), SPRAT_NULL, "the scope");
  REFUSED(sprat_fail(NULL, "x"), SPRAT_NULL, "the scope");
  REFUSED(sprat_cancel(NULL, "x"), SPRAT_NULL, "the scope");
  REFUSED(sprat_release(NULL, NULL), SPRAT_NULL, "the scope");
  REFUSED(sprat_adopt(NULL, &x, 1, 1, &b), SPRAT_NULL, "the scope");
  REFUSED(sprat_event_create(rt, NULL, &e), SPRAT_NULL, "the name of an event");
  REFUSED(sprat_event_create(rt, "e", NULL), SPRAT_NULL, "place for the event");
  REFUSED(sprat_event_satisfy((sprat_event){{0, 0}}), SPRAT_NULL, "an event");
  REFUSED(sprat_group_create(NULL, &g), SPRAT_NULL, "the runtime");
  REFUSED(sprat_group_create(rt, NULL), SPRAT_NULL, "place for the group");
  REFUSED(sprat_record(rt, NULL, NULL, &graph), SPRAT_NULL, "the body");
  REFUSED(sprat_record(rt, empty, NULL, NULL), SPRAT_NULL, "place for the graph");
  REFUSED(sprat_replay(rt, NULL, 1), SPRAT_NULL, "the graph");
  REFUSED(sprat_canceller_cancel((sprat_canceller){0}, "x"), SPRAT_NULL, "the canceller");
  REFUSED(sprat_machine_get(NULL, &m), SPRAT_NULL, "the runtime");
  REFUSED(sprat_machine_get(rt, NULL), SPRAT_NULL, "sprat_machine");
  REFUSED(sprat_distance(rt, 0, 0, NULL), SPRAT_NULL, "the distance");
  REFUSED(sprat_error_details(NULL), SPRAT_NULL, "sprat_error");
  REFUSED(sprat_codelet_define(NULL, &nothing), SPRAT_NULL, "the definition");
  CHECK(sprat_is_cancelled(NULL) == 1);
}

static void sizes_that_overflow(void) {
  sprat_block b = {77};
  REFUSED(sprat_block_create(rt, SIZE_MAX / 2, 4, &b), SPRAT_BLOCK_SIZE, "address space");
  REFUSED(sprat_block_create(rt, SIZE_MAX, 1, &b), SPRAT_BLOCK_SIZE, "address space");
  REFUSED(sprat_block_create(rt, 0, 8, &b), SPRAT_BLOCK_SIZE, "no data");
  REFUSED(sprat_block_create(rt, 8, 0, &b), SPRAT_BLOCK_SIZE, "no data");
  CHECK(b.id == 77);
  REFUSED(sprat_block_read(rt, block, 79, &b, 2), SPRAT_ACCESS, "80 bytes");
  REFUSED(sprat_block_read(rt, block, SIZE_MAX, &b, 2), SPRAT_ACCESS, "80 bytes");
  REFUSED(sprat_block_write(rt, block, 81, &b, 0), SPRAT_ACCESS, "80 bytes");
  REFUSED(sprat_finish_within(rt, -1, empty, NULL), SPRAT_ARGUMENT, "no time");
  REFUSED(sprat_finish_within(rt, 1e300, empty, NULL), SPRAT_ARGUMENT, "no time");
}

static void structs_with_wrong_sizes(void) {
  sprat_config config = SPRAT_CONFIG_INIT;
  sprat_machine machine = SPRAT_MACHINE_INIT;
  sprat_runtime *none = NULL;
  struct { sprat_config known; int64_t more; } newer = {SPRAT_CONFIG_INIT, 1};
  config.size = 0;
  REFUSED(sprat_runtime_create(&config, &none), SPRAT_ARGUMENT, "set it to sizeof(sprat_config)");
  config.size = SIZE_MAX;
  REFUSED(sprat_runtime_create(&config, &none), SPRAT_ARGUMENT, "sizeof");
  machine.size = 8;
  REFUSED(sprat_machine_get(rt, &machine), SPRAT_ARGUMENT, "sizeof(sprat_machine)");
  newer.known.size = sizeof newer;
  REFUSED(sprat_runtime_create(&newer.known, &none), SPRAT_ARGUMENT, "does not know");
  newer.more = 0;
  CHECK(!sprat_runtime_create(&newer.known, &none) && !sprat_runtime_destroy(none));
}

static void options_that_make_no_sense(void) {
  sprat_config config = SPRAT_CONFIG_INIT;
  sprat_runtime *none = NULL;
  config.ce_mode = 9;
  REFUSED(sprat_runtime_create(&config, &none), SPRAT_ARGUMENT, "9 is no mode");
  config.ce_mode = 0;
  config.pin = 3;
  REFUSED(sprat_runtime_create(&config, &none), SPRAT_ARGUMENT, "pin is 3");
  config.pin = 0;
  config.topology = "package:0";
  REFUSED(sprat_runtime_create(&config, &none), SPRAT_TOPOLOGY, "package");
  config.topology = "\xff";
  REFUSED(sprat_runtime_create(&config, &none), SPRAT_ARGUMENT, "UTF-8");
  config.topology = NULL;
  config.stack_bytes = 1;
  REFUSED(sprat_runtime_create(&config, &none), SPRAT_CONFIG, "a stack of 1 bytes");
  config.stack_bytes = SIZE_MAX;
  REFUSED(sprat_runtime_create(&config, &none), SPRAT_SYSTEM, "could not be started");
  config.stack_bytes = 0;
  config.xes = 100000;
  config.environment = SPRAT_NO;
  REFUSED(sprat_runtime_create(&config, &none), SPRAT_CONFIG, "100000");
  CHECK(none == NULL);
}

static void definitions(void) {
  sprat_definition d = {sizeof d, "d", does_nothing, 0, 0, NULL, 0, 0, 0};
  sprat_codelet c = {0}, again = {0};
  sprat_mode modes[1] = {SPRAT_READ};
  CHECK(!sprat_codelet_define(&d, &c) && !sprat_codelet_define(&d, &again) && c.id == again.id && c.id != 0);
  d.name = NULL;
  REFUSED(sprat_codelet_define(&d, &c), SPRAT_NULL, "the name of a codelet");
  d.name = "d";
  d.body = NULL;
  REFUSED(sprat_codelet_define(&d, &c), SPRAT_NULL, "the body of codelet `d`");
  d.body = does_nothing;
  d.params_align = 3;
  REFUSED(sprat_codelet_define(&d, &c), SPRAT_ARGUMENT, "power of two");
  d.params_align = 0;
  d.params_size = SIZE_MAX;
  REFUSED(sprat_codelet_define(&d, &c), SPRAT_ARGUMENT, "pass the rest in a block");
  d.params_size = 0;
  d.mode_count = 1;
  REFUSED(sprat_codelet_define(&d, &c), SPRAT_NULL, "the modes");
  d.modes = modes;
  d.flags = 2;
  REFUSED(sprat_codelet_define(&d, &c), SPRAT_ARGUMENT, "no flags");
  d.flags = SPRAT_REPEAT_LAST;
  d.mode_count = 0;
  REFUSED(sprat_codelet_define(&d, &c), SPRAT_ARGUMENT, "no mode");
  d.flags = 0;
  REFUSED(sprat_codelet_define(&d, NULL), SPRAT_NULL, "place for the codelet");
  CHECK(c.id == again.id);
}

/* Each of these bodies does one thing wrong; the call is refused, and so the scope fails with the same. */
static void spawn_stale_codelet(sprat_scope *s, void *argument) {
  (void)argument;
  REFUSED(sprat_spawn(s, (sprat_codelet){60000}, NULL, NULL, 0, NULL, NULL), SPRAT_STALE, "no codelet 60000");
  REFUSED(sprat_spawn(s, (sprat_codelet){65536}, NULL, NULL, 0, NULL, NULL), SPRAT_STALE, "no codelet 65536");
  REFUSED(sprat_spawn(s, (sprat_codelet){65537}, NULL, NULL, 0, NULL, NULL), SPRAT_STALE, "no codelet 65537");
  REFUSED(sprat_spawn(s, (sprat_codelet){UINT32_MAX}, NULL, NULL, 0, NULL, NULL), SPRAT_STALE, "no codelet 4294967295");
}
static void spawn_null_codelet(sprat_scope *s, void *argument) {
  (void)argument;
  REFUSED(sprat_spawn(s, (sprat_codelet){0}, NULL, NULL, 0, NULL, NULL), SPRAT_NULL, "the codelet");
}
static void spawn_null_list(sprat_scope *s, void *argument) {
  (void)argument;
  REFUSED(sprat_spawn(s, nothing, NULL, NULL, 2, NULL, NULL), SPRAT_NULL, "list of accesses");
}
static void spawn_endless_list(sprat_scope *s, void *argument) {
  sprat_access use = sprat_read(block);
  (void)argument;
  REFUSED(sprat_spawn(s, nothing, NULL, &use, SIZE_MAX, NULL, NULL), SPRAT_ACCESS, "at most 65,535");
}
static void spawn_null_params(sprat_scope *s, void *argument) {
  (void)argument;
  REFUSED(sprat_spawn(s, codelet("p", does_nothing, 8), NULL, NULL, 0, NULL, NULL), SPRAT_NULL, "parameters");
}
static void spawn_null_block(sprat_scope *s, void *argument) {
  sprat_access use = sprat_read((sprat_block){0});
  (void)argument;
  REFUSED(sprat_spawn(s, nothing, NULL, &use, 1, NULL, NULL), SPRAT_NULL, "block of an access");
}
static void spawn_foreign_block(sprat_scope *s, void *argument) {
  sprat_access use = sprat_read(foreign);
  (void)argument;
  REFUSED(sprat_spawn(s, nothing, NULL, &use, 1, NULL, NULL), SPRAT_FOREIGN, "has not made");
}
static void spawn_second_foreign(sprat_scope *s, void *argument) {
  sprat_access uses[2] = {sprat_read(block), sprat_write(foreign)};
  (void)argument;
  REFUSED(sprat_spawn(s, nothing, NULL, uses, 2, NULL, NULL), SPRAT_FOREIGN, "has not made");
}
static void spawn_second_null(sprat_scope *s, void *argument) {
  sprat_access uses[4] = {sprat_read(block), sprat_read((sprat_block){0}), sprat_read(foreign), sprat_use(block, 77)};
  (void)argument;
  REFUSED(sprat_spawn(s, nothing, NULL, uses, 4, NULL, NULL), SPRAT_NULL, "block of an access");
}
static void spawn_other_mode_foreign(sprat_scope *s, void *argument) {
  sprat_access use = sprat_write(foreign);
  (void)argument;
  REFUSED(sprat_spawn(s, one_read, NULL, &use, 1, NULL, NULL), SPRAT_ACCESS, "an access 0 with mode 2");
}
static void spawn_garbage_block(sprat_scope *s, void *argument) {
  sprat_access use = sprat_read((sprat_block){block.id | 0x7ffffff});
  (void)argument;
  REFUSED(sprat_spawn(s, nothing, NULL, &use, 1, NULL, NULL), SPRAT_FOREIGN, "has not made");
}
static void spawn_no_mode(sprat_scope *s, void *argument) {
  sprat_access use = sprat_use(block, 77);
  (void)argument;
  REFUSED(sprat_spawn(s, nothing, NULL, &use, 1, NULL, NULL), SPRAT_ARGUMENT, "77 is no mode");
}
static void spawn_weak_commute(sprat_scope *s, void *argument) {
  sprat_access use = sprat_use(block, SPRAT_COMMUTE | SPRAT_WEAK);
  (void)argument;
  REFUSED(sprat_spawn(s, nothing, NULL, &use, 1, NULL, NULL), SPRAT_ACCESS, "can be weak");
}
static void spawn_commuting_part(sprat_scope *s, void *argument) {
  sprat_access use = sprat_part(block, SPRAT_COMMUTE, 8, 0, 1);
  (void)argument;
  REFUSED(sprat_spawn(s, nothing, NULL, &use, 1, NULL, NULL), SPRAT_ACCESS, "parts of blocks");
}
static void spawn_no_operator(sprat_scope *s, void *argument) {
  sprat_access use = sprat_reduce(block, 9, SPRAT_F64);
  (void)argument;
  REFUSED(sprat_spawn(s, nothing, NULL, &use, 1, NULL, NULL), SPRAT_ARGUMENT, "9 is no operator");
}
static void spawn_no_type(sprat_scope *s, void *argument) {
  sprat_access use = sprat_reduce(block, SPRAT_SUM, 0);
  (void)argument;
  REFUSED(sprat_spawn(s, nothing, NULL, &use, 1, NULL, NULL), SPRAT_ARGUMENT, "0 is no type");
}
static void spawn_other_mode(sprat_scope *s, void *argument) {
  sprat_access use = sprat_write(block);
  (void)argument;
  REFUSED(sprat_spawn(s, one_read, NULL, &use, 1, NULL, NULL), SPRAT_ACCESS, "an access 0 with mode 2");
}
static void spawn_too_few(sprat_scope *s, void *argument) {
  (void)argument;
  REFUSED(sprat_spawn(s, one_read, NULL, NULL, 0, NULL, NULL), SPRAT_ACCESS, "given 0 accesses, and is defined with 1");
}
static void spawn_no_place(sprat_scope *s, void *argument) {
  sprat_options options = SPRAT_OPTIONS_INIT;
  (void)argument;
  options.place = 99;
  REFUSED(sprat_spawn(s, nothing, NULL, NULL, 0, &options, NULL), SPRAT_ARGUMENT, "99 is no place");
}
static void spawn_no_priority(sprat_scope *s, void *argument) {
  sprat_options options = SPRAT_OPTIONS_INIT;
  (void)argument;
  options.priority = 2;
  REFUSED(sprat_spawn(s, nothing, NULL, NULL, 0, &options, NULL), SPRAT_ARGUMENT, "2 is no priority");
}
static void spawn_no_flags(sprat_scope *s, void *argument) {
  sprat_options options = SPRAT_OPTIONS_INIT;
  (void)argument;
  options.flags = 8;
  REFUSED(sprat_spawn(s, nothing, NULL, NULL, 0, &options, NULL), SPRAT_ARGUMENT, "no flags");
}
static void spawn_no_group(sprat_scope *s, void *argument) {
  sprat_options options = SPRAT_OPTIONS_INIT;
  (void)argument;
  options.place = SPRAT_WITH_GROUP;
  options.group.id[1] = UINT64_MAX;
  REFUSED(sprat_spawn(s, nothing, NULL, NULL, 0, &options, NULL), SPRAT_ARGUMENT, "a group");
}
static void spawn_unsized_options(sprat_scope *s, void *argument) {
  sprat_options options = SPRAT_OPTIONS_INIT;
  (void)argument;
  options.size = 1;
  REFUSED(sprat_spawn(s, nothing, NULL, NULL, 0, &options, NULL), SPRAT_ARGUMENT, "sizeof(sprat_options)");
}
static void spawn_after_null(sprat_scope *s, void *argument) {
  sprat_options options = SPRAT_OPTIONS_INIT;
  (void)argument;
  options.after_count = 1;
  REFUSED(sprat_spawn(s, nothing, NULL, NULL, 0, &options, NULL), SPRAT_NULL, "list of events");
}
static void spawn_after_zero(sprat_scope *s, void *argument) {
  sprat_options options = SPRAT_OPTIONS_INIT;
  sprat_event zero = {{0, 0}};
  (void)argument;
  options.after = &zero;
  options.after_count = 1;
  REFUSED(sprat_spawn(s, nothing, NULL, NULL, 0, &options, NULL), SPRAT_NULL, "an event");
}
static void open_nothing(sprat_scope *s, void *argument) {
  (void)argument;
  REFUSED(sprat_scope_open(s, NULL, NULL, NULL), SPRAT_NULL, "the body");
}
static void destroy_foreign(sprat_scope *s, void *argument) {
  (void)argument;
  REFUSED(sprat_block_destroy_in(s, foreign), SPRAT_FOREIGN, "has not made");
}
static void says_so(sprat_scope *s, void *argument) {
  (void)argument;
  NOTE(!sprat_fail(s, "the arguments make no sense"));
}

static void a_refused_spawn_fails_its_scope(void) {
  static const struct {
    sprat_scope_body body;
    sprat_status status;
  } wrong[] = {
      {spawn_stale_codelet, SPRAT_STALE},    {spawn_null_codelet, SPRAT_NULL},     {spawn_null_list, SPRAT_NULL},
      {spawn_endless_list, SPRAT_ACCESS},    {spawn_null_params, SPRAT_NULL},      {spawn_null_block, SPRAT_NULL},
      {spawn_foreign_block, SPRAT_FOREIGN},  {spawn_garbage_block, SPRAT_FOREIGN}, {spawn_no_mode, SPRAT_ARGUMENT},
      {spawn_weak_commute, SPRAT_ACCESS},    {spawn_commuting_part, SPRAT_ACCESS}, {spawn_no_operator, SPRAT_ARGUMENT},
      {spawn_no_type, SPRAT_ARGUMENT},       {spawn_other_mode, SPRAT_ACCESS},     {spawn_too_few, SPRAT_ACCESS},
      {spawn_second_foreign, SPRAT_FOREIGN}, {spawn_second_null, SPRAT_NULL},
      {spawn_other_mode_foreign, SPRAT_ACCESS},
      {spawn_no_place, SPRAT_ARGUMENT},      {spawn_no_priority, SPRAT_ARGUMENT},  {spawn_no_flags, SPRAT_ARGUMENT},
      {spawn_no_group, SPRAT_ARGUMENT},      {spawn_unsized_options, SPRAT_ARGUMENT},
      {spawn_after_null, SPRAT_NULL},        {spawn_after_zero, SPRAT_NULL},       {open_nothing, SPRAT_NULL},
      {destroy_foreign, SPRAT_FOREIGN},      {says_so, SPRAT_USER},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    sprat_graph *graph = NULL;
    CHECK(sprat_finish(rt, wrong[i].body, NULL) == wrong[i].status);
    CHECK(sprat_record(rt, wrong[i].body, NULL, &graph) == wrong[i].status && graph == NULL);
    CHECK(sprat_finish(rt, empty, NULL) == SPRAT_OK);
  }
}

static void spawn_stale_block(sprat_scope *s, void *argument) {
  sprat_access use = sprat_read(gone);
  (void)argument;
  NOTE(!sprat_spawn(s, nothing, NULL, &use, 1, NULL, NULL));
}
static void spawn_outside(sprat_scope *s, void *argument) {
  sprat_access use = sprat_part(block, SPRAT_READ, 8, 5, 11);
  (void)argument;
  NOTE(!sprat_spawn(s, nothing, NULL, &use, 1, NULL, NULL));
}
static void spawn_huge_tile(sprat_scope *s, void *argument) {
  sprat_access use = sprat_tile(block, SPRAT_READ, 8, 0, SIZE_MAX, 0, 2, SIZE_MAX);
  (void)argument;
  NOTE(!sprat_spawn(s, nothing, NULL, &use, 1, NULL, NULL));
}
static void spawn_second_stale(sprat_scope *s, void *argument) {
  sprat_access uses[2] = {sprat_read(block), sprat_read(gone)};
  (void)argument;
  NOTE(!sprat_spawn(s, nothing, NULL, uses, 2, NULL, NULL));
}
static void spawn_twice(sprat_scope *s, void *argument) {
  sprat_access use[2] = {sprat_read(block), sprat_write(block)};
  (void)argument;
  NOTE(!sprat_spawn(s, nothing, NULL, use, 2, NULL, NULL));
}
static void spawn_huge_scratch(sprat_scope *s, void *argument) {
  sprat_access use = sprat_scratch(SIZE_MAX);
  (void)argument;
  NOTE(!sprat_spawn(s, nothing, NULL, &use, 1, NULL, NULL));
}
static void uses_undeclared(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  sprat_access use = sprat_read(block);
  (void)params, (void)views, (void)count;
  NOTE(!sprat_spawn(scope, nothing, NULL, &use, 1, NULL, NULL));
}
static void spawn_undeclared(sprat_scope *s, void *argument) {
  (void)argument;
  NOTE(!sprat_spawn(s, codelet("parent", uses_undeclared, 0), NULL, NULL, 0, NULL, NULL));
}
static void spawn_far_xe(sprat_scope *s, void *argument) {
  sprat_options options = SPRAT_OPTIONS_INIT;
  (void)argument;
  options.place = SPRAT_ON_XE;
  options.place_number = SIZE_MAX;
  NOTE(!sprat_spawn(s, nothing, NULL, NULL, 0, &options, NULL));
}
static void misspawns(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  (void)params, (void)views, (void)count;
  REFUSED(sprat_spawn(scope, (sprat_codelet){0}, NULL, NULL, 0, NULL, NULL), SPRAT_NULL, "the codelet");
}
static void spawn_misspawning(sprat_scope *s, void *argument) {
  (void)argument;
  NOTE(!sprat_spawn(s, codelet("misspawns", misspawns, 0), NULL, NULL, 0, NULL, NULL));
}

static char memory[128];
/* Elements of 8 bytes that begin at no multiple of 8. */
static void spawn_crooked_reduction(sprat_scope *s, void *argument) {
  sprat_block crooked;
  sprat_access use;
  char *start = memory + 8 - (uintptr_t)memory % 8 + 1;
  (void)argument;
  NOTE(!sprat_adopt(s, start, 8, 8, &crooked));
  use = sprat_reduce(crooked, SPRAT_SUM, SPRAT_F64);
  NOTE(!sprat_spawn(s, nothing, NULL, &use, 1, NULL, NULL));
}
static void spawn_ragged_reduction(sprat_scope *s, void *argument) {
  sprat_block ragged;
  sprat_access use;
  (void)argument;
  NOTE(!sprat_block_create_in(s, 13, 1, &ragged));
  use = sprat_reduce(ragged, SPRAT_MAX, SPRAT_I32);
  NOTE(!sprat_spawn(s, nothing, NULL, &use, 1, NULL, NULL));
}

/* Whatever number is made up for a block, in a codelet's body too, is refused or fails the codelet that it was made up for. */
static int refusals;
static sprat_block mine;
static void misnames(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  (void)params, (void)views, (void)count;
  for (unsigned bit = 0; bit < 64; bit++) {
    sprat_access use = sprat_read((sprat_block){mine.id ^ (uint64_t)1 << bit});
    sprat_access uses[2] = {sprat_read(mine), use};
    for (size_t many = 1; many <= 2; many++) {
      sprat_event ended = {{7, 7}};
      int told, refused = sprat_spawn(scope, nothing, NULL, many == 1 ? &use : uses, many, NULL, &ended) == SPRAT_FOREIGN;
      told = ended.id[0] != 7 || ended.id[1] != 7;
      refusals += refused;
      /* Who is refused has no end. */
      NOTE(told == !refused);
    }
  }
}
static void spawn_misnaming(sprat_scope *s, void *argument) {
  sprat_access use = sprat_read(mine);
  (void)argument;
  NOTE(!sprat_spawn(s, codelet("misnames", misnames, 0), NULL, &use, 1, NULL, NULL));
}
static void misname_in_a_scope(sprat_scope *s, void *argument) {
  (void)argument;
  misnames(s, NULL, NULL, 0);
}

static void made_up_blocks(void) {
  static const sprat_scope_body bodies[] = {spawn_misnaming, misname_in_a_scope};
  for (size_t i = 0; i < 2; i++) {
    refusals = 0;
    CHECK(!sprat_block_create(rt, 1, 8, &mine));
    CHECK(sprat_finish(rt, bodies[i], NULL) != SPRAT_OK);
    /* At least those of other runtimes: sixteen bits. */
    CHECK(refusals >= 2 * 16 && refusals < 2 * 64);
    CHECK(sprat_finish(rt, empty, NULL) == SPRAT_OK && !sprat_block_destroy(rt, mine));
  }
}

static void wrong_accesses_fail_the_codelet(void) {
  static const struct {
    sprat_scope_body body;
    sprat_status cause;
    const char *says;
  } wrong[] = {
      {spawn_stale_block, SPRAT_STALE, "was destroyed before"},
      {spawn_second_stale, SPRAT_STALE, "was destroyed before"},
      {spawn_outside, SPRAT_ACCESS, "has 10 elements, and [5..11] reaches behind them"},
      {spawn_huge_tile, SPRAT_ACCESS, "reaches behind them"},
      {spawn_twice, SPRAT_ACCESS, "declared twice"},
      {spawn_huge_scratch, SPRAT_BLOCK_SIZE, "address space"},
      {spawn_undeclared, SPRAT_UNDECLARED, "declare"},
      {spawn_far_xe, SPRAT_CONFIG, "no execution engine"},
      {spawn_crooked_reduction, SPRAT_ACCESS, "not aligned to 8 bytes"},
      {spawn_ragged_reduction, SPRAT_ACCESS, "13 bytes, which are no elements of 4"},
      {spawn_misspawning, SPRAT_USER, "codelet `misspawns` failed: the codelet"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    sprat_error error = SPRAT_ERROR_INIT;
    REFUSED(sprat_finish(rt, wrong[i].body, NULL), SPRAT_FAILED, wrong[i].says);
    CHECK(!sprat_error_details(&error) && error.cause == wrong[i].cause && !strstr(error.message, ".rs:"));
  }
}

static void waits(sprat_scope *s, void *argument) {
  double x;
  sprat_graph *graph = argument;
  (void)s;
  REFUSED(sprat_finish(rt, empty, NULL), SPRAT_ON_ENGINE, "never do");
  REFUSED(sprat_block_read(rt, block, 0, &x, 8), SPRAT_ON_ENGINE, "never do");
  REFUSED(sprat_replay(rt, graph, 1), SPRAT_ON_ENGINE, "never do");
  REFUSED(sprat_suspend(rt), SPRAT_ON_ENGINE, "no codelet runs");
  REFUSED(sprat_runtime_destroy(rt), SPRAT_ON_ENGINE, "after the scope");
}
static void waits_too(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  sprat_block b;
  double x;
  (void)views, (void)count;
  waits(scope, *(void *const *)params);
  REFUSED(sprat_adopt(scope, &x, 1, 8, &b), SPRAT_ON_ENGINE, "cannot adopt");
}
static void spawn_waiting(sprat_scope *s, void *argument) {
  NOTE(!sprat_spawn(s, codelet("waits", waits_too, sizeof argument), &argument, NULL, 0, NULL, NULL));
}

static void bodies_never_wait(void) {
  sprat_graph *graph = NULL;
  CHECK(!sprat_record(rt, empty, NULL, &graph));
  CHECK(!sprat_finish(rt, waits, graph));
  CHECK(!sprat_finish(rt, spawn_waiting, graph));
  CHECK(!sprat_graph_destroy(graph));
}

static void *on_another_thread(void *argument) {
  sprat_scope *s = argument;
  sprat_block b;
  double x = 0;
  if (sprat_spawn(s, nothing, NULL, NULL, 0, NULL, NULL) != SPRAT_SCOPE) return "spawn";
  if (strstr(sprat_error_message(), "another thread") == NULL) return "message";
  if (sprat_block_create_in(s, 1, 8, &b) != SPRAT_SCOPE) return "block";
  if (sprat_adopt(s, &x, 1, 8, &b) != SPRAT_SCOPE) return "adopt";
  if (sprat_fail(s, "x") != SPRAT_SCOPE || sprat_cancel(s, "x") != SPRAT_SCOPE) return "fail";
  if (sprat_is_cancelled(s) != 1) return "cancelled";
  /* A thread that Sprat has not made is a host like any other. */
  if (sprat_block_create(rt, 1, 8, &b) != SPRAT_OK) return "block of the runtime";
  return NULL;
}
static void lends_scope(sprat_scope *s, void *argument) {
  pthread_t thread;
  void *said = NULL;
  (void)argument;
  escaped = s;
  NOTE(!pthread_create(&thread, NULL, on_another_thread, s) && !pthread_join(thread, &said));
  if (said) printf("  on another thread: %s\n", (const char *)said), failures++;
}
static void uses_escaped(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  (void)scope, (void)params, (void)views, (void)count;
  REFUSED(sprat_spawn(escaped, nothing, NULL, NULL, 0, NULL, NULL), SPRAT_SCOPE, "not the scope of");
}
static void spawn_with_escaped(sprat_scope *s, void *argument) {
  (void)argument;
  escaped = s;
  NOTE(!sprat_spawn(s, codelet("uses the host's", uses_escaped, 0), NULL, NULL, 0, NULL, NULL));
}

static void spawn_many_with_escaped(sprat_scope *s, void *argument) {
  escaped = s;
  for (int i = 0; i < 1000; i++) {
    NOTE(!sprat_spawn(s, codelet("uses the host's", uses_escaped, 0), NULL, NULL, 0, NULL, NULL));
  }
  (void)argument;
}

/* A host that is held back in its body runs codelets meanwhile, on its own thread: its scope is none of theirs. */
static void a_host_that_helps_keeps_its_scope(void) {
  sprat_config config = SPRAT_CONFIG_INIT;
  sprat_runtime *narrow = NULL;
  config.xes = 1;
  config.live_codelets = 1;
  config.environment = SPRAT_NO;
  CHECK(!sprat_runtime_create(&config, &narrow));
  CHECK(!sprat_finish(narrow, spawn_many_with_escaped, NULL));
  CHECK(!sprat_runtime_destroy(narrow));
}

static void scopes_stay_where_they_are(void) {
  CHECK(!sprat_finish(rt, lends_scope, NULL));
  REFUSED(sprat_spawn(escaped, nothing, NULL, NULL, 0, NULL, NULL), SPRAT_SCOPE, "after its body");
  for (int i = 0; i < 20; i++) CHECK(!sprat_finish(rt, spawn_with_escaped, NULL));
}

static void wrong_homes_in(sprat_scope *s, void *argument) {
  const sprat_block none = {0}, *block = argument;
  sprat_block made;
  if (sprat_migrate(s, none, sprat_home_region(0), NULL) != SPRAT_NULL) printf("  a block 0 moves\n"), failures++;
  if (sprat_migrate(s, *block, sprat_home_kind_of(9), NULL) != SPRAT_ARGUMENT) printf("  no such home\n"), failures++;
  if (sprat_migrate(s, *block, sprat_home_near(none), NULL) != SPRAT_NULL) printf("  near 0\n"), failures++;
  if (sprat_migrate_group(s, NULL, 3, sprat_home_region(0), NULL) != SPRAT_NULL) printf("  no list\n"), failures++;
  if (sprat_replicate(s, none, NULL) != SPRAT_NULL) printf("  a block 0 is copied\n"), failures++;
  if (sprat_block_create_at_in(s, sprat_home_region(0), 1, 8, NULL) != SPRAT_NULL) printf("  no place\n"), failures++;
  if (sprat_block_create_at_in(s, sprat_home_region(77), 1, 8, &made) != SPRAT_CONFIG) printf("  no region\n"), failures++;
}

static void wrong_homes(void) {
  sprat_block block, other;
  uint32_t region;
  CHECK(!sprat_block_create(rt, 10, 8, &block));
  REFUSED(sprat_blocks_create_at(rt, sprat_home_region(77), 1, 1, 8, &other), SPRAT_CONFIG, "77");
  REFUSED(sprat_blocks_create_at(rt, sprat_home_kind_of(-1), 1, 1, 8, &other), SPRAT_ARGUMENT, "-1 is no home");
  REFUSED(sprat_blocks_create_at(rt, sprat_home_region(0), 1, SIZE_MAX, 8, &other), SPRAT_BLOCK_SIZE, "address space");
  REFUSED(sprat_block_region(rt, block, NULL), SPRAT_NULL, "the region");
  REFUSED(sprat_block_region(NULL, block, &region), SPRAT_NULL, "the runtime");
  REFUSED(sprat_migrate(NULL, block, sprat_home_region(0), NULL), SPRAT_NULL, "the scope");
  /* What was refused makes the scope fail: the first of it. */
  REFUSED(sprat_finish(rt, wrong_homes_in, &block), SPRAT_NULL, "the block is 0");
  CHECK(!sprat_block_destroy(rt, block));
  REFUSED(sprat_block_region(rt, block, &region), SPRAT_STALE, "");
}

static int32_t at_once(void *argument) {
  (void)argument;
  return 1;
}

static void events_against_their_rules(void) {
  sprat_event e, latch, soon;
  CHECK(!sprat_event_create(rt, "e", &e) && !sprat_latch_create(rt, "l", 1, &latch) && !sprat_event_after(rt, 0, &soon));
  REFUSED(sprat_latch_down(e), SPRAT_EVENT, "no latch");
  REFUSED(sprat_event_satisfy(latch), SPRAT_EVENT, "a latch");
  REFUSED(sprat_event_satisfy(soon), SPRAT_EVENT, "timer");
  CHECK(!sprat_event_satisfy(e));
  REFUSED(sprat_event_satisfy(e), SPRAT_EVENT, "second time");
  CHECK(!sprat_latch_down(latch));
  REFUSED(sprat_latch_down(latch), SPRAT_EVENT, "the latch `l`");
  CHECK(strstr(sprat_error_message(), ".rs") == NULL);
  CHECK(!sprat_event_destroy(e) && !sprat_event_destroy(latch) && !sprat_event_destroy(soon));
  REFUSED(sprat_event_destroy(e), SPRAT_STALE, "the event");
  REFUSED(sprat_event_satisfy(e), SPRAT_STALE, "the event");
  REFUSED(sprat_event_satisfy((sprat_event){{1, 1}}), SPRAT_EVENT, "comes by itself");
  REFUSED(sprat_event_after(rt, 0.0 / 0.0, &e), SPRAT_ARGUMENT, "no time");
  REFUSED(sprat_event_poll(NULL, "e", at_once, NULL, &e), SPRAT_NULL, "the runtime");
  REFUSED(sprat_event_poll(rt, NULL, at_once, NULL, &e), SPRAT_NULL, "the name");
  REFUSED(sprat_event_poll(rt, "e", NULL, NULL, &e), SPRAT_NULL, "the function that is polled");
  REFUSED(sprat_event_poll(rt, "e", at_once, NULL, NULL), SPRAT_NULL, "the place");
  REFUSED(sprat_event_poll_in((sprat_scope *)1, "e", at_once, NULL, &e), SPRAT_SCOPE, "a scope");
  CHECK(!sprat_event_poll(rt, "e", at_once, NULL, &e));
  REFUSED(sprat_event_satisfy(e), SPRAT_EVENT, "a polled event");
  REFUSED(sprat_latch_down(e), SPRAT_EVENT, "no latch");
  CHECK(!sprat_event_destroy(e));
  REFUSED(sprat_event_destroy(e), SPRAT_STALE, "the event");
}

static void waits_for_its_own(sprat_scope *s, void *argument) {
  sprat_event e;
  sprat_options options = SPRAT_OPTIONS_INIT;
  (void)argument;
  NOTE(!sprat_event_create_in(s, "never", &e));
  options.after = &e;
  options.after_count = 1;
  NOTE(!sprat_spawn(s, codelet("patient", does_nothing, 0), NULL, NULL, 0, &options, NULL));
}
static void waits_for_argument(sprat_scope *s, void *argument) {
  sprat_options options = SPRAT_OPTIONS_INIT;
  options.after = argument;
  options.after_count = 1;
  NOTE(!sprat_spawn(s, codelet("patient", does_nothing, 0), NULL, NULL, 0, &options, NULL));
}

static void stuck_scopes_and_lost_events(void) {
  sprat_event e;
  sprat_error error = SPRAT_ERROR_INIT;
  REFUSED(sprat_finish(rt, waits_for_its_own, NULL), SPRAT_STUCK, "`patient`");
  CHECK(!sprat_event_create(rt, "lost", &e) && !sprat_event_create(other, "other's", &e));
  REFUSED(sprat_finish(rt, waits_for_argument, &e), SPRAT_FAILED, "another runtime");
  CHECK(!sprat_error_details(&error) && error.cause == SPRAT_FOREIGN);
  CHECK(!sprat_event_destroy(e));
}

static void record_child(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  (void)params, (void)views, (void)count;
  sprat_spawn(scope, nothing, NULL, NULL, 0, NULL, NULL);
}
static void record_spawning(sprat_scope *s, void *argument) {
  (void)argument;
  NOTE(!sprat_spawn(s, codelet("spawns", record_child, 0), NULL, NULL, 0, NULL, NULL));
}
static void cancel_in_vain(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
  (void)params, (void)views, (void)count;
  NOTE(sprat_cancel(scope, "no children") == SPRAT_GRAPH);
}
static void record_cancelling(sprat_scope *s, void *argument) {
  (void)argument;
  NOTE(!sprat_spawn(s, codelet("cancels", cancel_in_vain, 0), NULL, NULL, 0, NULL, NULL));
}
static void record_destroying(sprat_scope *s, void *argument) {
  (void)argument;
  NOTE(!sprat_block_destroy_in(s, block));
}

static void graphs_against_their_rules(void) {
  sprat_graph *graph = NULL, *none = NULL;
  REFUSED(sprat_record(rt, record_destroying, NULL, &none), SPRAT_GRAPH, "destroyed once");
  CHECK(!sprat_record(rt, record_spawning, NULL, &graph));
  REFUSED(sprat_replay(rt, graph, 2), SPRAT_FAILED, "spawn");
  REFUSED(sprat_replay(other, graph, 1), SPRAT_FOREIGN, "another runtime");
  REFUSED(sprat_replay(rt, graph, SIZE_MAX), SPRAT_GRAPH, "rounds");
  REFUSED(sprat_replay_until(rt, graph, NULL, NULL), SPRAT_NULL, "says when");
  CHECK(!sprat_graph_cancel(graph, "nothing is under way"));
  CHECK(!sprat_graph_destroy(graph));
  CHECK(!sprat_record(rt, record_cancelling, NULL, &none));
  CHECK(!sprat_replay(rt, none, 2) && !sprat_graph_destroy(none));
  REFUSED(sprat_graph_destroy(graph), SPRAT_STALE, "the graph");
  REFUSED(sprat_replay(rt, graph, 1), SPRAT_STALE, "the graph");
  REFUSED(sprat_replay(rt, (sprat_graph *)rt, 1), SPRAT_STALE, "the graph");
}

static void after_shutdown(void) {
  sprat_runtime *ended = start();
  sprat_block b, more;
  sprat_event e;
  sprat_graph *graph = NULL;
  sprat_machine machine = SPRAT_MACHINE_INIT;
  double x = 0;
  CHECK(!sprat_block_create(ended, 4, 8, &b) && !sprat_event_create(ended, "e", &e));
  CHECK(!sprat_record(ended, empty, NULL, &graph));
  CHECK(!sprat_runtime_destroy(ended));
  REFUSED(sprat_runtime_destroy(ended), SPRAT_STALE, "destroyed before");
  REFUSED(sprat_finish(ended, empty, NULL), SPRAT_STALE, "the runtime");
  REFUSED(sprat_block_create(ended, 1, 1, &more), SPRAT_STALE, "the runtime");
  REFUSED(sprat_block_read(ended, b, 0, &x, 8), SPRAT_STALE, "the runtime");
  REFUSED(sprat_block_read(rt, b, 0, &x, 8), SPRAT_FOREIGN, "has not made");
  REFUSED(sprat_event_satisfy(e), SPRAT_STALE, "the event");
  REFUSED(sprat_replay(rt, graph, 1), SPRAT_FOREIGN, "another runtime");
  REFUSED(sprat_machine_get(ended, &machine), SPRAT_STALE, "the runtime");
  CHECK(!sprat_graph_destroy(graph));
}

static int32_t no_chunk(const void *params, size_t begin, size_t end, const sprat_view *views, size_t count) {
  (void)params, (void)begin, (void)end, (void)views, (void)count;
  return 0;
}

static sprat_block of_loops[2];

static void wrong_loops_in_a_scope(sprat_scope *scope, void *argument) {
  sprat_loop all = {sizeof all, "all", no_chunk, 0, 10, 0};
  sprat_options options = SPRAT_OPTIONS_INIT;
  sprat_access use = sprat_read(block), nine[9];
  (void)argument;
  for (int i = 0; i < 9; i++) nine[i] = use;
  REFUSED(sprat_for_each(scope, NULL, NULL, &use, 1, NULL, NULL), SPRAT_NULL, "the loop");
  all.body = NULL;
  REFUSED(sprat_for_each(scope, &all, NULL, &use, 1, NULL, NULL), SPRAT_NULL, "the body of loop `all`");
  all.body = no_chunk, all.name = NULL;
  REFUSED(sprat_for_each(scope, &all, NULL, &use, 1, NULL, NULL), SPRAT_NULL, "the name of a loop");
  all.name = "all", all.params_size = 8;
  REFUSED(sprat_for_each(scope, &all, NULL, &use, 1, NULL, NULL), SPRAT_NULL, "the parameters");
  all.params_size = SIZE_MAX;
  REFUSED(sprat_for_each(scope, &all, &use, &use, 1, NULL, NULL), SPRAT_ARGUMENT, "at most 1048576");
  all.params_size = 0;
  REFUSED(sprat_for_each(scope, &all, NULL, NULL, 1, NULL, NULL), SPRAT_NULL, "the list of accesses");
  REFUSED(sprat_for_each(scope, &all, NULL, nine, 9, NULL, NULL), SPRAT_ACCESS, "9 accesses");
  use = sprat_commute(block);
  REFUSED(sprat_for_each(scope, &all, NULL, &use, 1, NULL, NULL), SPRAT_ACCESS, "cannot be cut");
  use = sprat_tile(block, SPRAT_READ, 8, 0, 2, 0, 2, 5);
  REFUSED(sprat_for_each(scope, &all, NULL, &use, 1, NULL, NULL), SPRAT_ACCESS, "cannot be cut");
  options.repeats = 2;
  REFUSED(sprat_for_each(scope, &all, NULL, nine, 1, &options, NULL), SPRAT_ARGUMENT, "`all` with repeats = 2");
  all.size = 3;
  REFUSED(sprat_for_each(scope, &all, NULL, nine, 1, NULL, NULL), SPRAT_ARGUMENT, "sprat_loop is 3");
}

static void records_a_loop(sprat_scope *scope, void *argument) {
  sprat_loop all = {sizeof all, "all", no_chunk, 0, 10, 0};
  (void)argument;
  sprat_for_each(scope, &all, NULL, NULL, 0, NULL, NULL);
}

/* It fails all the same. */
static int32_t says_nothing(const void *params, size_t begin, size_t end, const sprat_view *views, size_t count) {
  (void)params, (void)begin, (void)end, (void)views, (void)count;
  NOTE(sprat_chunk_fail(NULL) == SPRAT_NULL);
  return 0;
}

static void spawns_one_that_says_nothing(sprat_scope *scope, void *argument) {
  sprat_loop all = {sizeof all, "all", says_nothing, 0, 1, 0};
  (void)argument;
  REFUSED(sprat_chunk_fail("not here"), SPRAT_SCOPE, "sprat_fail in a codelet");
  CHECK(!sprat_for_each(scope, &all, NULL, NULL, 0, NULL, NULL));
}

/* An empty range has no elements, whatever the loop says: its body would write behind it. */
static void spawns_a_loop_over_nothing(sprat_scope *scope, void *argument) {
  sprat_loop all = {sizeof all, "all", no_chunk, 0, 10, 0};
  sprat_access uses[2];
  (void)argument;
  uses[0] = sprat_read(of_loops[0]), uses[1] = sprat_part(of_loops[1], SPRAT_WRITE, 8, 4, 4);
  NOTE(!sprat_for_each(scope, &all, NULL, uses, 2, NULL, NULL));
}

/* A chunk has no scope, also not that of a host on whose thread it runs because the host helps. */
static int32_t uses_the_hosts(const void *params, size_t begin, size_t end, const sprat_view *views, size_t count) {
  sprat_scope *host = *(sprat_scope *const *)params;
  (void)begin, (void)end, (void)views, (void)count;
  if (sprat_spawn(host, nothing, NULL, NULL, 0, NULL, NULL) != SPRAT_SCOPE) return 1;
  if (sprat_runtime_destroy(other) != SPRAT_ON_ENGINE) return 2;
  return 0;
}

static void spawns_loops_with_its_scope(sprat_scope *scope, void *argument) {
  sprat_loop all = {sizeof all, "all", uses_the_hosts, sizeof scope, 10, 1};
  (void)argument;
  for (int i = 0; i < 200; i++) NOTE(!sprat_for_each(scope, &all, &scope, NULL, 0, NULL, NULL));
}

static void wrong_loops(void) {
  sprat_config config = SPRAT_CONFIG_INIT;
  sprat_runtime *narrow = NULL;
  sprat_graph *graph;
  REFUSED(sprat_chunk_fail("not here"), SPRAT_SCOPE, "where no loop's body runs");
  REFUSED(sprat_finish(rt, spawns_one_that_says_nothing, NULL), SPRAT_FAILED, "no message for elements 0 to 0");
  REFUSED(sprat_chunk_fail("not here any more"), SPRAT_SCOPE, "where no loop's body runs");
  CHECK(!sprat_blocks_create(rt, 2, 10, 8, of_loops));
  REFUSED(sprat_finish(rt, spawns_a_loop_over_nothing, NULL), SPRAT_FAILED, "access 1 has 0 bytes");
  config.xes = 1, config.live_codelets = 1, config.environment = SPRAT_NO;
  CHECK(!sprat_runtime_create(&config, &narrow));
  CHECK(!sprat_finish(narrow, spawns_loops_with_its_scope, NULL));
  CHECK(!sprat_runtime_destroy(narrow));
  REFUSED(sprat_finish(rt, wrong_loops_in_a_scope, NULL), SPRAT_NULL, "the loop");
  REFUSED(sprat_record(rt, records_a_loop, NULL, &graph), SPRAT_GRAPH, "all");
}

static int32_t no_map(const void *params, size_t begin, size_t end, const sprat_view *views, size_t count, void *result) {
  (void)params, (void)begin, (void)end, (void)views, (void)count, (void)result;
  return 0;
}

static int32_t no_combine(const void *params, void *result, const void *next) {
  (void)params, (void)result, (void)next;
  return 0;
}

static void wrong_reductions_in_a_scope(sprat_scope *scope, void *argument) {
  const sprat_reduction good = {sizeof good, "all", no_map, no_combine, 0, 10, 0, 8};
  sprat_reduction all = good;
  sprat_options options = SPRAT_OPTIONS_INIT;
  sprat_block none = {0};
  sprat_access use = sprat_read(block);
  (void)argument;
  REFUSED(sprat_map_reduce(scope, NULL, NULL, &use, 1, block, NULL, NULL), SPRAT_NULL, "the reduction");
  REFUSED(sprat_map_reduce(scope, &all, NULL, NULL, 1, block, NULL, NULL), SPRAT_NULL, "the list of accesses");
  REFUSED(sprat_map_reduce(scope, &all, NULL, &use, 1, none, NULL, NULL), SPRAT_NULL, "the block of the result");
  all.name = NULL;
  REFUSED(sprat_map_reduce(scope, &all, NULL, &use, 1, block, NULL, NULL), SPRAT_NULL, "the name of a reduction");
  all = good, all.map = NULL;
  REFUSED(sprat_map_reduce(scope, &all, NULL, &use, 1, block, NULL, NULL), SPRAT_NULL, "`map` of reduction `all`");
  all = good, all.combine = NULL;
  REFUSED(sprat_map_reduce(scope, &all, NULL, &use, 1, block, NULL, NULL), SPRAT_NULL, "`combine` of reduction `all`");
  all = good, all.params_size = 8;
  REFUSED(sprat_map_reduce(scope, &all, NULL, &use, 1, block, NULL, NULL), SPRAT_NULL, "the parameters");
  all = good, all.result_size = 0;
  REFUSED(sprat_map_reduce(scope, &all, NULL, &use, 1, block, NULL, NULL), SPRAT_ARGUMENT, "a result of 0 bytes");
  all.result_size = SIZE_MAX;
  REFUSED(sprat_map_reduce(scope, &all, NULL, &use, 1, block, NULL, NULL), SPRAT_ARGUMENT, "at most 1048576");
  all = good, all.elements = 0;
  REFUSED(sprat_map_reduce(scope, &all, NULL, &use, 1, block, NULL, NULL), SPRAT_ARGUMENT, "no elements");
  all = good, options.repeats = 2;
  REFUSED(sprat_map_reduce(scope, &all, NULL, &use, 1, block, &options, NULL), SPRAT_ARGUMENT, "`all` with repeats = 2");
  all.size = 3;
  REFUSED(sprat_map_reduce(scope, &all, NULL, &use, 1, block, NULL, NULL), SPRAT_ARGUMENT, "sprat_reduction is 3");
}

/* A result of 8 bytes into a larger block. */
static void reduces_into_too_much(sprat_scope *scope, void *argument) {
  sprat_reduction all = {sizeof all, "small", no_map, no_combine, 0, 10, 0, 8};
  CHECK(!sprat_map_reduce(scope, &all, NULL, NULL, 0, *(sprat_block *)argument, NULL, NULL));
}

static void wrong_reductions(void) {
  sprat_graph *graph;
  sprat_block large;
  CHECK(!sprat_block_create(rt, 3, 8, &large));
  REFUSED(sprat_finish(rt, wrong_reductions_in_a_scope, NULL), SPRAT_NULL, "the reduction");
  REFUSED(sprat_finish(rt, reduces_into_too_much, &large), SPRAT_FAILED, "8 bytes, and its block 24");
  REFUSED(sprat_record(rt, reduces_into_too_much, &large, &graph), SPRAT_GRAPH, "small");
}

static void wrong_files_in_a_scope(sprat_scope *scope, void *argument) {
  sprat_options options = SPRAT_OPTIONS_INIT;
  sprat_block none = {0}, made;
  (void)argument;
  REFUSED(sprat_read_file_in(scope, NULL, 0, 1, NULL, &made), SPRAT_NULL, "the path of a file");
  REFUSED(sprat_read_file_in(scope, "/dev/null", 0, 1, NULL, NULL), SPRAT_NULL, "the place for the block");
  REFUSED(sprat_read_file_in(scope, "/dev/null", 0, 0, NULL, &made), SPRAT_SYSTEM, "no regular file");
  REFUSED(sprat_read_file_in(scope, "/dev/null", 2, UINT64_MAX, NULL, &made), SPRAT_BLOCK_SIZE, "more than there can be");
  REFUSED(sprat_read_file_into(scope, none, "/dev/null", 0, NULL, NULL), SPRAT_NULL, "the block is 0");
  REFUSED(sprat_write_file_in(scope, foreign, "/dev/null", NULL, NULL), SPRAT_FOREIGN, "has not made");
  options.repeats = 1;
  REFUSED(sprat_write_file_at(scope, block, "/dev/null", 0, &options, NULL), SPRAT_ARGUMENT, "repeats = 1");
  options.repeats = 0;
  options.priority = 9;
  REFUSED(sprat_write_file_at(scope, block, "/dev/null", 0, &options, NULL), SPRAT_ARGUMENT, "9 is no priority");
}

static void records_a_file(sprat_scope *scope, void *argument) {
  (void)argument;
  sprat_write_file_in(scope, block, "/dev/null", NULL, NULL);
}

static void wrong_files(void) {
  sprat_graph *graph;
  sprat_block made;
  /* Each is refused, and so is the scope. */
  REFUSED(sprat_finish(rt, wrong_files_in_a_scope, NULL), SPRAT_NULL, "the path of a file");
  REFUSED(sprat_read_file(rt, "/nowhere", 0, 0, &made), SPRAT_SYSTEM, "/nowhere");
  REFUSED(sprat_write_file(rt, gone, "/dev/null"), SPRAT_FAILED, "was destroyed before");
  REFUSED(sprat_record(rt, records_a_file, NULL, &graph), SPRAT_GRAPH, "write_file");
  REFUSED(sprat_read_file_in(NULL, "/nowhere", 0, 0, NULL, &made), SPRAT_NULL, "the scope");
}

static void wrong_channels(void) {
  sprat_channel line, none = {0};
  sprat_event event;
  REFUSED(sprat_channel_create(rt, NULL, 0, &line), SPRAT_NULL, "the name of a channel");
  REFUSED(sprat_channel_create(rt, "line", 0, NULL), SPRAT_NULL, "the place for the channel");
  REFUSED(sprat_channel_next(none, &event), SPRAT_NULL, "the channel is 0");
  CHECK(!sprat_channel_create(rt, "line", 1, &line));
  REFUSED(sprat_channel_next(line, NULL), SPRAT_NULL, "the place for the event");
  CHECK(!sprat_channel_satisfy(line));
  REFUSED(sprat_channel_satisfy(line), SPRAT_EVENT, "the channel `line`");
  CHECK(!sprat_channel_next(line, &event));
  REFUSED(sprat_event_satisfy(event), SPRAT_EVENT, "come by themselves");
  CHECK(!sprat_event_destroy(event) && !sprat_channel_destroy(line));
  REFUSED(sprat_channel_destroy(line), SPRAT_STALE, "the channel");
}

static void no_account_of_memory(void) {
  sprat_memory memory = SPRAT_MEMORY_INIT;
  sprat_config config = SPRAT_CONFIG_INIT;
  sprat_runtime *none;
  size_t length;
  char text[8];
  REFUSED(sprat_memory_get(rt, &memory), SPRAT_CONFIG, "keeps no account");
  REFUSED(sprat_memory_report(rt, NULL, 0, &length), SPRAT_CONFIG, "keeps no account");
  config.memory_report = 7;
  REFUSED(sprat_runtime_create(&config, &none), SPRAT_ARGUMENT, "memory_report is 7");
  config = (sprat_config)SPRAT_CONFIG_INIT;
  config.memory_report = SPRAT_YES, config.environment = SPRAT_NO, config.pin = SPRAT_NO;
  CHECK(!sprat_runtime_create(&config, &none));
  REFUSED(sprat_memory_report(none, NULL, 8, &length), SPRAT_NULL, "the place for the text");
  REFUSED(sprat_memory_report(none, text, 0, NULL), SPRAT_ARGUMENT, "no place for its length");
  REFUSED(sprat_memory_get(none, NULL), SPRAT_NULL, "sprat_memory");
  CHECK(!sprat_runtime_destroy(none));
}

static void numbers_that_are_none(void) {
  sprat_xe xe = SPRAT_XE_INIT;
  sprat_region region = SPRAT_REGION_INIT;
  uint32_t distance;
  REFUSED(sprat_xe_get(rt, 2, &xe), SPRAT_ARGUMENT, "no execution engine 2; there are 2");
  REFUSED(sprat_region_get(rt, SIZE_MAX, &region), SPRAT_ARGUMENT, "no memory region");
  REFUSED(sprat_distance(rt, 0, 1000, &distance), SPRAT_ARGUMENT, "no memory region 1000");
}

/* ---- Operators without end: the last test, since there is room for none after it */

/* 4 * 4 * 4 functions by each of these. */
#define FOUR(what, n) what(n##0) what(n##1) what(n##2) what(n##3)
#define SIXTEEN(what, n) FOUR(what, n##0) FOUR(what, n##1) FOUR(what, n##2) FOUR(what, n##3)
#define ALL(what) SIXTEEN(what, _0) SIXTEEN(what, _1) SIXTEEN(what, _2) SIXTEEN(what, _3)
/* Each has a body of its own, so that no linker makes one of two. */
#define NEUTRAL(n) static void neutral##n(void *into, size_t bytes) { memset(into, 0, bytes), *(volatile char *)into = *#n; }
#define MERGE(n) static void merge##n(void *into, const void *from, size_t bytes) { memcpy(into, from, bytes), puts(#n); }
ALL(NEUTRAL)
ALL(MERGE)
#define NAME_NEUTRAL(n) neutral##n,
#define NAME_MERGE(n) merge##n,

static void spawn_further_operators(sprat_scope *s, void *argument) {
  sprat_access use = sprat_reduce(block, SPRAT_PRODUCT, SPRAT_U32);
  (void)argument;
  REFUSED(sprat_spawn(s, nothing, NULL, &use, 1, NULL, NULL), SPRAT_SYSTEM, "4,096 operators");
}

static void operators_without_end(void) {
  static const sprat_neutral neutrals[] = {ALL(NAME_NEUTRAL)};
  static const sprat_merge merges[] = {ALL(NAME_MERGE)};
  sprat_operator made = 0, first = 0;
  int count = 0, refused = 0;
  for (int i = 0; i < 64; i++) {
    for (int j = 0; j < 64; j++) {
      sprat_status status = sprat_operator_define(neutrals[i], merges[j], &made);
      if (status == SPRAT_OK) {
        CHECK(refused == 0);
        first = count ? first : made, count++;
        continue;
      }
      CHECK(status == SPRAT_SYSTEM && strstr(sprat_error_message(), "4,096 operators"));
      refused++;
    }
  }
  /* Those that the runtime has itself are among them, as the tests before have used some. */
  CHECK(refused > 0 && count + refused == 4096);
  CHECK(!sprat_operator_define(neutrals[0], merges[0], &made) && made == first);
  REFUSED(sprat_finish(rt, spawn_further_operators, NULL), SPRAT_SYSTEM, "4,096 operators");
}

int main(void) {
  static const test tests[] = {
      {"nulls", nulls},
      {"sizes that overflow", sizes_that_overflow},
      {"structs with wrong sizes", structs_with_wrong_sizes},
      {"options that make no sense", options_that_make_no_sense},
      {"definitions", definitions},
      {"a refused spawn fails its scope", a_refused_spawn_fails_its_scope},
      {"wrong accesses fail the codelet", wrong_accesses_fail_the_codelet},
      {"made-up blocks", made_up_blocks},
      {"bodies never wait", bodies_never_wait},
      {"scopes stay where they are", scopes_stay_where_they_are},
      {"a host that helps keeps its scope", a_host_that_helps_keeps_its_scope},
      {"wrong homes", wrong_homes},
      {"events against their rules", events_against_their_rules},
      {"stuck scopes and lost events", stuck_scopes_and_lost_events},
      {"graphs against their rules", graphs_against_their_rules},
      {"after shutdown", after_shutdown},
      {"wrong loops", wrong_loops},
      {"wrong reductions", wrong_reductions},
      {"wrong files", wrong_files},
      {"wrong channels", wrong_channels},
      {"no account of memory", no_account_of_memory},
      {"numbers that are none", numbers_that_are_none},
      {"operators without end", operators_without_end},
  };
  static const sprat_mode modes[1] = {SPRAT_READ};
  sprat_definition reads = {sizeof reads, "reads", does_nothing, 0, 0, modes, 1, 0, 0};
  int failed;
  rt = start();
  other = start();
  nothing = codelet("nothing", does_nothing, 0);
  if (sprat_codelet_define(&reads, &one_read) || sprat_block_create(rt, 10, 8, &block) ||
      sprat_block_create(other, 10, 8, &foreign) || sprat_block_create(rt, 10, 8, &gone) || sprat_block_destroy(rt, gone)) {
    printf("cannot begin: %s\n", sprat_error_message());
    return 2;
  }
  failed = run_all(tests, sizeof tests / sizeof *tests);
  return sprat_runtime_destroy(rt) || sprat_runtime_destroy(other) || failed;
}
