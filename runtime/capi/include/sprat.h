/* Sprat for C: a multicore dataflow runtime.
 *
 * A program is a set of codelets, small functions that run to completion once the data blocks and events they depend on are
 * there. Which may run side by side follows from how each declares to use its blocks, and the result is always that of running
 * them one after the other, in the order in which they were spawned.
 *
 *     static void twice(sprat_scope *scope, const void *params, const sprat_view *views, size_t count) {
 *       double factor = *(const double *)params, *x = views[0].data;
 *       for (size_t i = 0; i < views[0].bytes / sizeof *x; i++) x[i] *= factor;
 *     }
 *
 *     static void body(sprat_scope *scope, void *argument) {
 *       program *p = argument;
 *       sprat_access use = sprat_read_write(p->block);
 *       sprat_spawn(scope, p->twice, &(double){2.0}, &use, 1, NULL, NULL);
 *     }
 *
 *     if (sprat_finish(runtime, body, &p) != SPRAT_OK) fprintf(stderr, "%s\n", sprat_error_message());
 *
 * Rules that hold everywhere:
 *
 * - Functions return a status, SPRAT_OK or what went wrong; sprat_error_message() then says what, where, and what to do. Nothing
 *   is written to the places for results unless the status is SPRAT_OK.
 * - Handles are numbers. One that is null, of another runtime, or of something that is gone is noticed and refused, as long as it
 *   once came from Sprat.
 * - Structs whose first field is `size` may grow. Set them to zero, then `size` to sizeof; zero everywhere else is the default.
 *   The macros that end in _INIT do so.
 * - Texts are UTF-8 and end with a zero byte. They are copied.
 * - All functions may be called from any thread, but a scope is for the thread that runs its body, and those that say that they
 *   wait are for threads that run no codelet and no body of a scope.
 * - A body may not unwind. A C++ exception that leaves one ends the process; sprat.hpp catches them.
 *
 * 64-bit Linux. Licence: MIT or Apache-2.0, at your choice.
 */
#ifndef SPRAT_H
#define SPRAT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Version ---------------------------------------------------------------------------------------------------------------- */

#define SPRAT_VERSION_MAJOR 0
#define SPRAT_VERSION_MINOR 1
#define SPRAT_VERSION_PATCH 0
/* The version of this header as one number. */
#define SPRAT_VERSION \
  ((uint32_t)SPRAT_VERSION_MAJOR << 16 | (uint32_t)SPRAT_VERSION_MINOR << 8 | (uint32_t)SPRAT_VERSION_PATCH)

/* The version of the library, made as SPRAT_VERSION is. As long as the major version is 0, both should have the same minor one;
 * from 1 on the library's may be higher. */
uint32_t sprat_version(void);

/* ---- Statuses --------------------------------------------------------------------------------------------------------------- */

typedef int32_t sprat_status;

enum {
  SPRAT_OK = 0,
  SPRAT_TOPOLOGY = 1,   /* a description of a machine makes no sense */
  SPRAT_CONFIG = 2,     /* an option or a SPRAT_* variable has a value that cannot be used */
  SPRAT_BLOCK_SIZE = 3, /* a block of length zero, or one larger than the address space */
  SPRAT_FOREIGN = 4,    /* a handle of another runtime */
  SPRAT_STALE = 5,      /* a handle of something that is gone */
  SPRAT_ACCESS = 6,     /* the accesses of one codelet contradict each other or its definition, or reach behind a block */
  SPRAT_UNDECLARED = 7, /* a codelet's child named a block that its parent did not declare, or with more right */
  SPRAT_ON_ENGINE = 8,  /* a call that waits, or is for hosts, was made in a codelet or in the body of a scope */
  SPRAT_FAILED = 9,     /* a codelet failed; sprat_error_details tells of the first */
  SPRAT_CHECK = 10,     /* the checking mode found a mistake */
  SPRAT_STUCK = 11,     /* a scope could make no progress: the message names who waits for what */
  SPRAT_CANCELLED = 12, /* the scope or the replay was cancelled, by somebody or by its deadline */
  SPRAT_EVENT = 13,     /* an event was used against its rules, or cannot come any more */
  SPRAT_GRAPH = 14,     /* a graph cannot hold what was to be recorded, its codelets spawned, or it is being replayed already */
  SPRAT_SYSTEM = 15,    /* the operating system refused memory, a thread, or a call */
  SPRAT_USER = 16,      /* what sprat_fail said in the body of a scope */
  SPRAT_NULL = 17,      /* a pointer is null, or a handle zero, that must not be */
  SPRAT_ARGUMENT = 18,  /* an argument that can never be right */
  SPRAT_SCOPE = 19,     /* a scope was used on another thread than its own, or after its body */
  SPRAT_OTHER = 20,     /* an error of a kind that this interface does not know */
  SPRAT_SUSPENDED = 21  /* a resume too many, or a call that would wait for the calling thread's own resume */
};

/* A short text for a status. It stays. */
const char *sprat_status_text(sprat_status status);

/* What the last call on this thread that failed said: a sentence or more, with what to do. Good until the next call on this thread
 * that fails; empty if none did. */
const char *sprat_error_message(void);

/* The same in pieces, for code that wants to react. */
typedef struct sprat_error {
  size_t size;
  sprat_status status;  /* what that call returned; SPRAT_OK if none failed */
  sprat_status cause;   /* why the first codelet failed: SPRAT_USER if it said so itself; SPRAT_OK if none did */
  const char *message;  /* as long as that of sprat_error_message */
  const char *codelet;  /* the name of the first codelet that failed; empty if none did */
  uint64_t failed;      /* how many codelets failed */
  uint64_t skipped;     /* how many were skipped, since they would have read what those were to write */
  uint64_t ran;         /* of what was cancelled: how many codelets ran, since there was a canceller or deadline */
  uint64_t not_started; /* and how many did not start */
  uint64_t rounds;      /* of a cancelled replay: how many rounds ran, all of each */
} sprat_error;

#define SPRAT_ERROR_INIT {sizeof(sprat_error), 0, 0, NULL, NULL, 0, 0, 0, 0, 0}

sprat_status sprat_error_details(sprat_error *error);

/* ---- Runtimes --------------------------------------------------------------------------------------------------------------- */

/* A running Sprat: engines on this machine's cores, and the blocks they work on. A handle, not an address. */
typedef struct sprat_runtime sprat_runtime;

typedef int32_t sprat_ce_mode;
enum { SPRAT_CE_DEFAULT = 0, SPRAT_CE_SHARED = 1, SPRAT_CE_ELASTIC = 2, SPRAT_CE_DEDICATED = 3 };

typedef int32_t sprat_choice;
enum { SPRAT_DEFAULT = 0, SPRAT_YES = 1, SPRAT_NO = 2 };

/* What a runtime aims at. */
typedef int32_t sprat_policy;
enum {
  SPRAT_POLICY_DEFAULT = 0,
  SPRAT_POLICY_PERFORMANCE = 1, /* to be as fast as possible: blocks stay where they are */
  SPRAT_POLICY_LOCALITY = 2,    /* blocks move to where they are used, or get copies there, if that saves more than it costs */
  SPRAT_POLICY_ENERGY = 3,      /* as little energy as possible: engines that do not help enough are turned off */
  SPRAT_POLICY_ENERGY_DELAY = 4 /* likewise, as little as possible of energy times time */
};

/* What can be chosen. What is left open (zero) is what the SPRAT_* variables say, or the machine suggests. */
typedef struct sprat_config {
  size_t size;
  size_t xes;                 /* how many execution engines; 0: one for each core that the process may use */
  sprat_ce_mode ce_mode;      /* how much of a core each control engine owns */
  sprat_choice pin;           /* whether engines are pinned to their processors */
  sprat_choice oversubscribe; /* whether there may be more engines than hardware threads: for tests */
  sprat_choice environment;   /* SPRAT_NO: SPRAT_* variables do not apply */
  int64_t spin_us;            /* how long an engine without work looks on before it parks, in microseconds; 0: measured at the
                                 start; below 0: not at all */
  size_t live_codelets;       /* about how many codelets may live before a host that spawns more is held back; 0: by the memory */
  size_t stack_bytes;         /* of each execution engine, at least 256 KiB; 0: 2 MiB. A host thread that helps in a scope has its own */
  uint64_t check_seed;        /* the checking mode, with this seed: slow, finds misused blocks; 0: off */
  const char *topology;       /* a machine to plan for instead of this one, such as "package:2 core:4"; null: this one */
  sprat_choice memory_report; /* whether an account is kept for sprat_memory_report; SPRAT_DEFAULT: no */
  sprat_policy policy;        /* what it aims at; SPRAT_POLICY_DEFAULT: performance */
  const char *trace;          /* a file for a trace, which `sprat report` shows; null: none. %p in it is the process's number */
  const char *top;            /* a file for `sprat top` to look at, or "" for the place where that looks by itself; null: none */
  int64_t replica_bytes;      /* how many bytes copies of blocks may take; 0: an eighth of the memory; below 0: there are none */
} sprat_config;

#define SPRAT_CONFIG_INIT {sizeof(sprat_config), 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, 0, 0, NULL, NULL, 0}

/* Finds the machine, starts the engines. `config` may be null. */
sprat_status sprat_runtime_create(const sprat_config *config, sprat_runtime **runtime);

/* Ends a runtime: the handle is stale, and when no other thread uses it any more its engines stop, and its blocks and events go.
 * Events, latches and channels that were made for the runtime (not in a scope) and have not come are poisoned at once, and so are all
 * polled events, whose functions are called no more when this returns: who waits for them on another thread is told so. Timers come all
 * the same, and what was made in a scope is still for its codelets to satisfy. A runtime that is suspended is resumed, however often it
 * was suspended: what is under way in it ends. Not in a codelet or in the body of a scope. */
sprat_status sprat_runtime_destroy(sprat_runtime *runtime);

/* Stops all execution engines, each between two codelets, and returns when they have stopped: until sprat_resume no codelet runs, and
 * the cores are free for others: a parallel region of OpenMP, the threads of a BLAS. So this waits for the bodies that run now.
 * What is under way goes on where it was, replays too. Meanwhile the calling thread calls nothing that waits for codelets
 * (SPRAT_SUSPENDED), and other threads that do so wait for sprat_resume. Events, timers, polled functions and files go on.
 *
 * Calls come in pairs, and may be nested: the last sprat_resume lets the engines go, on whichever thread. Not in a codelet or in the
 * body of a scope: SPRAT_ON_ENGINE. */
sprat_status sprat_suspend(sprat_runtime *runtime);

/* Takes one sprat_suspend back; one too many is SPRAT_SUSPENDED. */
sprat_status sprat_resume(sprat_runtime *runtime);

/* Lets the first `xes` execution engines work, from 1 to as many as there are, and the others sleep when they have ended the codelet that
 * they run. This does not wait for that, and codelets may call it. What only one engine may run (SPRAT_ON_XE) still runs there. */
sprat_status sprat_set_xes(sprat_runtime *runtime, size_t xes);

/* Aims at another policy from now on, in any thread, codelets too. Engines that a policy has turned off work again when the new one turns
 * none off. To SPRAT_POLICY_LOCALITY and away from it there is no way (SPRAT_CONFIG): it keeps account of accesses from the start.
 * SPRAT_POLICY_DEFAULT is for configurations: here it is SPRAT_ARGUMENT. */
sprat_status sprat_set_policy(sprat_runtime *runtime, sprat_policy policy);
/* Tells the policy: never SPRAT_POLICY_DEFAULT. */
sprat_status sprat_policy_get(sprat_runtime *runtime, sprat_policy *policy);

/* ---- Blocks ----------------------------------------------------------------------------------------------------------------- */

/* A data block: a contiguous chunk of plain data, reached by codelets that declare it and by nobody else. A name, copied freely,
 * that gives no access to the data. Memory begins at a multiple of 64 bytes, and reads as zeros at first. */
typedef struct sprat_block {
  uint64_t id; /* opaque; 0 names none */
} sprat_block;

/* Makes a block of `count` elements. */
sprat_status sprat_block_create(sprat_runtime *runtime, size_t count, size_t element_size, sprat_block *block);

/* Makes `block_count` of them. They belong to the engines in contiguous shares, so that codelets placed near neighbouring blocks
 * run on the same engine. All or none. */
sprat_status sprat_blocks_create(sprat_runtime *runtime, size_t block_count, size_t count, size_t element_size,
                                 sprat_block *blocks);

/* The memory region where a block is to be. Its memory is taken at the first access, so that is when it is decided; if there is no
 * room, the next best region is taken. */
typedef int32_t sprat_home_kind;
enum {
  SPRAT_HOME_FIRST_TOUCH = 0, /* in the region of the engine that touches it first */
  SPRAT_HOME_REGION = 1,      /* in `region`, and it belongs to the engines there */
  SPRAT_HOME_INTERLEAVED = 2, /* in all regions by turns, page by page: for what all engines read */
  SPRAT_HOME_NEAR = 3,        /* where `near_block` is, and it belongs to the same engine */
  SPRAT_HOME_FASTEST = 4      /* in the region with the most bandwidth from the engine that touches it first */
};

typedef struct sprat_home {
  sprat_home_kind kind;
  uint32_t region; /* for SPRAT_HOME_REGION: as sprat_region_get counts them */
  sprat_block near_block;
} sprat_home;

static inline sprat_home sprat_home_region(uint32_t region) {
  sprat_home home = {SPRAT_HOME_REGION, 0, {0}};
  home.region = region;
  return home;
}
static inline sprat_home sprat_home_near(sprat_block block) {
  sprat_home home = {SPRAT_HOME_NEAR, 0, {0}};
  home.near_block = block;
  return home;
}
static inline sprat_home sprat_home_kind_of(sprat_home_kind kind) {
  sprat_home home = {0, 0, {0}};
  home.kind = kind;
  return home;
}

/* The same with a home. */
sprat_status sprat_blocks_create_at(sprat_runtime *runtime, sprat_home home, size_t block_count, size_t count,
                                    size_t element_size, sprat_block *blocks);

/* Tells in which region a block's memory is; SPRAT_NOWHERE if it has none yet, or has it in all of them. */
#define SPRAT_NOWHERE 4294967295u
sprat_status sprat_block_region(sprat_runtime *runtime, sprat_block block, uint32_t *region);

/* Gives a block a name, for messages. */
sprat_status sprat_block_name(sprat_runtime *runtime, sprat_block block, const char *name);

/* Copies `bytes` bytes from `offset` on out of a block, or into it, in order with all that was spawned before. Waits. */
sprat_status sprat_block_read(sprat_runtime *runtime, sprat_block block, size_t offset, void *into, size_t bytes);
sprat_status sprat_block_write(sprat_runtime *runtime, sprat_block block, size_t offset, const void *from, size_t bytes);

/* Destroys a block, after all that was spawned before. Waits. */
sprat_status sprat_block_destroy(sprat_runtime *runtime, sprat_block block);

/* ---- Accesses --------------------------------------------------------------------------------------------------------------- */

typedef int32_t sprat_mode;
enum {
  SPRAT_READ = 1,         /* reads; shares with other readers */
  SPRAT_WRITE = 2,        /* writes all of it: what was there is unspecified, and a poisoned block is healed */
  SPRAT_READ_WRITE = 3,   /* reads and writes */
  SPRAT_COMMUTE = 4,      /* reads and writes, alone, in any order among neighbours that do so */
  SPRAT_REDUCE = 5,       /* adds to it by an operator, beside neighbours that do so, with the same bits each time */
  SPRAT_SHARED_WRITE = 6, /* reads and writes at the same time as neighbours that do so, who see to it that they do not race */
  SPRAT_EXCLUSIVE = 7,    /* reads and writes, alone */
  SPRAT_SCRATCH = 8,      /* no block, but memory for the codelet alone while it runs */
  SPRAT_ROUND = 9,        /* no block, but the argument of the round, in a graph: see sprat_record_with */
  SPRAT_WEAK = 256        /* with SPRAT_READ, WRITE or READ_WRITE: for the codelet's children only; its body has no view of it */
};

typedef int32_t sprat_operator;
enum { SPRAT_SUM = 1, SPRAT_PRODUCT = 2, SPRAT_MIN = 3, SPRAT_MAX = 4 };

/* Fills so many bytes, all of a block, with elements that change nothing: zeros, if the operator adds. */
typedef void (*sprat_neutral)(void *into, size_t bytes);

/* Adds all elements of a block, which has so many bytes, to those of another one. The same input gives the same bits each time. */
typedef void (*sprat_merge)(void *into, const void *from, size_t bytes);

/* Defines an operator of one's own, for reductions of elements of whatever type, which sprat_reduce is told as 0. It is associative and
 * commutative, or nearly so as sums of floating-point numbers are. It stays as long as the process; the same two functions give the same
 * operator. A process has at most 4,096, counted with those of SPRAT_SUM and so on for each type: one more is SPRAT_SYSTEM. They are
 * called on any thread, several at a time. Memory is aligned to 64 bytes, but adopted memory only as its owner made it: see sprat_adopt. */
sprat_status sprat_operator_define(sprat_neutral neutral, sprat_merge merge, sprat_operator *defined);

typedef int32_t sprat_type;
enum { SPRAT_F32 = 1, SPRAT_F64 = 2, SPRAT_I32 = 3, SPRAT_I64 = 4, SPRAT_U32 = 5, SPRAT_U64 = 6 };

/* The argument of a graph's rounds, while that is recorded: see sprat_record_with. A name. */
typedef struct sprat_round {
  uint64_t id; /* opaque; 0 names none */
} sprat_round;

/* How a codelet uses a block or a part of it. Made by the functions below. */
typedef struct sprat_access {
  sprat_block block;
  sprat_mode mode;
  uint32_t element_size;   /* 0: all of the block; else bytes of an element, in which the following are counted */
  size_t row_begin;        /* of a tile: its rows, without the last of the two numbers */
  size_t row_end;
  size_t column_begin;     /* of a range: its elements; of a tile: its columns; of scratch memory: column_end bytes */
  size_t column_end;
  size_t leading_dimension; /* of a tile: elements from one row's start to the next one's; 0: a range */
  sprat_operator reduce_operator;
  sprat_type reduce_type;
} sprat_access;

/* The memory that a body has for an access, good until the body returns. */
typedef struct sprat_view {
  void *data;   /* of a tile: its first element */
  size_t bytes; /* of a tile: the bytes of a row (of all rows, if nothing lies between them) */
} sprat_view;

/* A whole block. */
static inline sprat_access sprat_use(sprat_block block, sprat_mode mode) {
  sprat_access access = {block, mode, 0, 0, 0, 0, 0, 0, 0, 0};
  return access;
}
static inline sprat_access sprat_read(sprat_block block) { return sprat_use(block, SPRAT_READ); }
static inline sprat_access sprat_write(sprat_block block) { return sprat_use(block, SPRAT_WRITE); }
static inline sprat_access sprat_read_write(sprat_block block) { return sprat_use(block, SPRAT_READ_WRITE); }
static inline sprat_access sprat_commute(sprat_block block) { return sprat_use(block, SPRAT_COMMUTE); }

/* A reduction: the view begins with what changes nothing, or with what others have added up, and the codelet adds its own. Of a type, the
 * block is made of such elements: one whose bytes are no multiple, or that is adopted and not aligned as they are, is SPRAT_ACCESS. */
static inline sprat_access sprat_reduce(sprat_block block, sprat_operator reduce_operator, sprat_type reduce_type) {
  sprat_access access = {block, SPRAT_REDUCE, 0, 0, 0, 0, 0, 0, reduce_operator, reduce_type};
  return access;
}

/* Elements begin, begin + 1, ..., end - 1 of a block, to be read, written, or both. Accesses wait for those that overlap them. */
static inline sprat_access sprat_part(sprat_block block, sprat_mode mode, uint32_t element_size, size_t begin, size_t end) {
  sprat_access access = {block, mode, element_size, 0, 0, begin, end, 0, 0, 0};
  return access;
}

/* Rows and columns of a matrix in row-major order: element (i, j) is the block's element i * leading_dimension + j. (For one in
 * column-major order, rows and columns change places.) */
static inline sprat_access sprat_tile(sprat_block block, sprat_mode mode, uint32_t element_size, size_t row_begin,
                                      size_t row_end, size_t column_begin, size_t column_end, size_t leading_dimension) {
  sprat_access access = {block,        mode,       element_size,      row_begin, row_end,
                         column_begin, column_end, leading_dimension, 0,         0};
  return access;
}

/* Memory for the codelet alone while it runs, with anything in it. */
static inline sprat_access sprat_scratch(size_t bytes) {
  sprat_access access = {{0}, SPRAT_SCRATCH, 0, 0, 0, 0, bytes, 0, 0, 0};
  return access;
}

/* The argument of the round: all of it, only to be read. */
static inline sprat_access sprat_argument_of(sprat_round round) {
  sprat_access access = {{0}, SPRAT_ROUND, 0, 0, 0, 0, 0, 0, 0, 0};
  access.block.id = round.id;
  return access;
}

/* ---- Scopes and codelets ---------------------------------------------------------------------------------------------------- */

/* Where codelets are spawned: by the body that gets it, on its thread, until it returns. A handle, not an address. */
typedef struct sprat_scope sprat_scope;

/* What a codelet runs. `params` are its own copy of the parameters, only to be read. `views` has one entry for each access that is
 * not weak, in their order. The scope is for children: they run after the body, inside the codelet's place in the order. */
typedef void (*sprat_body)(sprat_scope *scope, const void *params, const sprat_view *views, size_t count);

/* What a scope runs. */
typedef void (*sprat_scope_body)(sprat_scope *scope, void *argument);

/* In a definition's flags: the last of the modes holds for all further accesses. */
#define SPRAT_REPEAT_LAST 1u

/* What a codelet is. */
typedef struct sprat_definition {
  size_t size;
  const char *name;        /* for messages */
  sprat_body body;
  size_t params_size;      /* bytes of the parameters, which each spawn copies; at most 1 MiB */
  size_t params_align;     /* their alignment, a power of two; 0: 16 */
  const sprat_mode *modes; /* how it uses its blocks, in order: a spawn with other modes is refused; null: as each spawn says */
  size_t mode_count;
  uint32_t flags;          /* SPRAT_REPEAT_LAST, or 0 */
  uint32_t reserved;       /* 0 */
} sprat_definition;

/* A codelet's definition, for all runtimes. It stays as long as the process. A name, copied freely. */
typedef struct sprat_codelet {
  uint32_t id; /* opaque; 0 names none */
} sprat_codelet;

/* Defines a codelet. The same definition gives the same codelet. */
sprat_status sprat_codelet_define(const sprat_definition *definition, sprat_codelet *codelet);

/* What a body needs of the processor. */
typedef int32_t sprat_isa;
enum {
  SPRAT_ISA_ANY = 0,     /* nothing beyond what the program was compiled for */
  SPRAT_ISA_SSE42 = 1,   /* x86-64: SSE4.2 */
  SPRAT_ISA_AVX2 = 2,    /* x86-64: AVX2 and FMA */
  SPRAT_ISA_AVX512F = 3, /* x86-64: AVX-512 Foundation, AVX2 and FMA */
  SPRAT_ISA_NEON = 4,    /* AArch64: Advanced SIMD */
  SPRAT_ISA_SVE = 5      /* AArch64: the Scalable Vector Extension */
};

/* Makes a codelet of another one's and one more body, which does the same in another way: so with one more of these up to seven. Each
 * engine leaves out those that need what it does not have, measures the others now and then, and runs the fastest. The same call gives
 * the same codelet; the other one stays as it was. */
sprat_status sprat_codelet_alternate(sprat_codelet codelet, sprat_isa needs, sprat_body body, sprat_codelet *with);

/* What an execution engine knows of one of a codelet's bodies. */
typedef struct sprat_alternate {
  size_t size;
  int32_t usable;    /* 1 if the engine can run it, else 0 */
  int32_t chosen;    /* 1 if the engine keeps to it at present, else 0 */
  uint64_t calls;    /* how often it ran there; not counted where only one is usable */
  uint64_t least_ns; /* the least time of a call in the last trials there, in nanoseconds; 0 if there was none */
} sprat_alternate;

#define SPRAT_ALTERNATE_INIT {sizeof(sprat_alternate), 0, 0, 0, 0}

/* Tells of body `which`, where 0 is the usual one and 1 the first alternate. */
sprat_status sprat_alternate_get(sprat_runtime *runtime, sprat_codelet codelet, size_t xe, size_t which,
                                 sprat_alternate *alternate);

/* An event: happens once, and codelets can wait for it. A name, copied freely. */
typedef struct sprat_event {
  uint64_t id[2]; /* opaque; zeros name none */
} sprat_event;

/* A group: its codelets would like to run on the same engine. A name, copied freely. */
typedef struct sprat_group {
  uint64_t id[2]; /* opaque; zeros name none */
} sprat_group;

typedef int32_t sprat_priority;
enum { SPRAT_LOW = -1, SPRAT_NORMAL = 0, SPRAT_HIGH = 1 };

typedef int32_t sprat_place;
enum {
  SPRAT_ANYWHERE = 0,
  SPRAT_NEAR = 1,      /* on the engine that `near_block` belongs to, if that is not busy while others are idle */
  SPRAT_ON_XE = 2,     /* on the engine `place_number` and no other */
  SPRAT_ON_REGION = 3, /* on an engine of the memory region `place_number` */
  SPRAT_WITH_GROUP = 4 /* where the others of `group` run */
};

/* In the options' flags: enters its blocks' queues not at the spawn but when its events are there. */
#define SPRAT_AT_READY 1u

/* Options of a spawn. */
typedef struct sprat_options {
  size_t size;
  sprat_place place;
  sprat_priority priority;
  uint32_t flags;            /* SPRAT_AT_READY, or 0 */
  uint32_t repeats;          /* how often the body may run again if it fails, on what it found the first time */
  sprat_block near_block;
  size_t place_number;
  sprat_group group;
  uint64_t flops;            /* what it will cost, about: operations on floating-point numbers, */
  uint64_t bytes;            /* and bytes moved */
  const sprat_event *after;  /* events that it waits for, beside its accesses */
  size_t after_count;
} sprat_options;

#define SPRAT_OPTIONS_INIT {sizeof(sprat_options), 0, 0, 0, 0, {0}, 0, {{0, 0}}, 0, 0, NULL, 0}

/* Runs `body`, which spawns, and waits until all that it spawned, with all that those spawned, has ended. The calling thread helps.
 * The status is SPRAT_OK, or the first of these that is so: SPRAT_ON_ENGINE if a codelet or the body of a scope calls it;
 * SPRAT_CANCELLED; SPRAT_STUCK; that of what the body did wrong (a spawn that was refused, SPRAT_USER for sprat_fail); SPRAT_FAILED
 * with the first codelet that failed. */
sprat_status sprat_finish(sprat_runtime *runtime, sprat_scope_body body, void *argument);

/* The same, cancelled when so many seconds have passed since the call. */
sprat_status sprat_finish_within(sprat_runtime *runtime, double limit_seconds, sprat_scope_body body, void *argument);

/* Spawns a codelet: it runs when its accesses are granted. Its parameters, accesses and options are copied now. `options` may be
 * null. If `ended` is not null it is set to the event of the codelet's end, which goes with the scope.
 *
 * What is wrong with the call is refused at once, and makes the body that called fail as well, so that a status that nobody looks
 * at is not lost: its scope ends with it. What is wrong with the accesses when they meet the blocks (undeclared, stale, outside)
 * makes the codelet fail, as its own body could. */
sprat_status sprat_spawn(sprat_scope *scope, sprat_codelet codelet, const void *params, const sprat_access *accesses,
                         size_t count, const sprat_options *options, sprat_event *ended);

/* Says that the body that has this scope fails: what it was to write is poisoned, and who reads that is skipped. The body goes on
 * until it returns; the first message counts. */
sprat_status sprat_fail(sprat_scope *scope, const char *message);

/* Opens a scope inside this one, and runs its body now. Its end is an event to go on from. What the body did wrong is returned, and the
 * scope is there all the same: so is its end, unless the status is SPRAT_NULL or SPRAT_SCOPE. */
sprat_status sprat_scope_open(sprat_scope *scope, sprat_scope_body body, void *argument, sprat_event *ended);

/* Makes a block. Made in a codelet, it is for its children, and after its end for its parent's; made in a host's scope, for all. */
sprat_status sprat_block_create_in(sprat_scope *scope, size_t count, size_t element_size, sprat_block *block);

sprat_status sprat_block_create_at_in(sprat_scope *scope, sprat_home home, size_t count, size_t element_size, sprat_block *block);

/* Moves a block to another region: an access like any other, in order with those before and after it. The contents are the same, and
 * the block belongs to the engines there from then on. Where there is no room it stays where it is. Not in a recording. `ended`, which may
 * be null, names its end. The other moves several blocks side by side, and its event comes when all have moved. */
sprat_status sprat_migrate(sprat_scope *scope, sprat_block block, sprat_home home, sprat_event *ended);
sprat_status sprat_migrate_group(sprat_scope *scope, const sprat_block *blocks, size_t block_count, sprat_home home,
                                 sprat_event *ended);

/* Keeps a copy of a block in each region where engines are, for those that read it there: an access that reads. The next access that
 * changes the block drops the copies. Not in a recording. */
sprat_status sprat_replicate(sprat_scope *scope, sprat_block block, sprat_event *ended);

/* Makes a block of memory of the caller's, until the host's scope has ended: codelets work on it in place. Nobody else may use the
 * memory meanwhile. It is as aligned as it is: views of it too, and what an operator of one's own is given. Not in a codelet. */
sprat_status sprat_adopt(sprat_scope *scope, void *data, size_t count, size_t element_size, sprat_block *block);

/* Destroys a block: an access like any other, after which nobody may name it. */
sprat_status sprat_block_destroy_in(sprat_scope *scope, sprat_block block);

/* Gives a block back before the codelet ends: for one spawned with SPRAT_AT_READY. The memory of the view may not be used after. */
sprat_status sprat_release(sprat_scope *scope, const sprat_view *view);

/* Makes a group. It needs no destruction. */
sprat_status sprat_group_create(sprat_runtime *runtime, sprat_group *group);

/* ---- Events ----------------------------------------------------------------------------------------------------------------- */

/* Makes an event that any thread satisfies, once. A scope with codelets that wait for it waits, too. Made in a scope it is for the
 * scope's codelets to satisfy: if all of them wait for such events the scope is stuck, and ends with an error. */
sprat_status sprat_event_create(sprat_runtime *runtime, const char *name, sprat_event *event);
sprat_status sprat_event_create_in(sprat_scope *scope, const char *name, sprat_event *event);

/* The same for an event that several threads may satisfy: the first one counts, and the others do nothing. */
sprat_status sprat_event_create_shared(sprat_runtime *runtime, const char *name, sprat_event *event);
sprat_status sprat_event_create_shared_in(sprat_scope *scope, const char *name, sprat_event *event);

/* Satisfies an event, from any thread. */
sprat_status sprat_event_satisfy(sprat_event event);

/* Makes an event that comes when a counter, which begins with `count`, gets to zero. */
sprat_status sprat_latch_create(sprat_runtime *runtime, const char *name, uint32_t count, sprat_event *event);
sprat_status sprat_latch_create_in(sprat_scope *scope, const char *name, uint32_t count, sprat_event *event);

/* Counts up or down, from any thread. */
sprat_status sprat_latch_up(sprat_event event);
sprat_status sprat_latch_down(sprat_event event);

/* Tells how many it still waits for. */
sprat_status sprat_latch_count(sprat_event event, uint64_t *left);

/* Makes an event that comes after so many seconds. */
sprat_status sprat_event_after(sprat_runtime *runtime, double after_seconds, sprat_event *event);

/* Says whether something outside has come: 0 if not yet, above 0 if it has, below 0 if it never will. */
typedef int32_t (*sprat_poll)(void *argument);

/* Makes an event that comes when a function says so: for what can only be asked for, such as requests of MPI (by MPI_Test), work of a
 * GPU, or a word that another process writes. A negative answer poisons it: those that wait for it are skipped, and their scope
 * fails with a message that has the number. A scope with codelets that wait for it waits, too.
 *
 * The function is called until its answer is not 0, also after sprat_event_destroy and when the scope is gone: until then
 * `argument` stays yours to keep alive. When sprat_runtime_destroy returns it is called no more, and if it has not come it is poisoned,
 * even if another thread is still in sprat_finish; and so is what is made after. It is called on any thread: a control engine's, an engine's that has nothing to do, a host's that waits in a scope; all functions of a runtime one
 * at a time. (Codelets run beside them: what both use needs care, so a library like MPI is started with MPI_THREAD_MULTIPLE.) It
 * returns soon, waits for nothing, and throws no exception.
 *
 * It is called more and more seldom: the pause is an eighth of the time waited so far, at least 2 us (200 us while all engines work),
 * at most 1 ms. */
sprat_status sprat_event_poll(sprat_runtime *runtime, const char *name, sprat_poll poll, void *argument, sprat_event *event);
sprat_status sprat_event_poll_in(sprat_scope *scope, const char *name, sprat_poll poll, void *argument, sprat_event *event);

/* Gives an event back that one of the above made; not before it was satisfied, or counted down: else it is poisoned, and those
 * that wait for it are skipped. (A timer and a polled event come all the same.) Ends of codelets need none of this. */
sprat_status sprat_event_destroy(sprat_event event);

/* ---- Loops ------------------------------------------------------------------------------------------------------------------ */

/* What a loop does with elements begin, begin + 1, ..., end - 1. `views` has one entry for each access, which is the chunk's part of it.
 * Chunks run beside each other, in any order, each once. The result is 0, or what went wrong: then chunks that have not begun are
 * left out, and the loop is a codelet that failed, with a message that has the number, or that of sprat_chunk_fail. */
typedef int32_t (*sprat_chunk)(const void *params, size_t begin, size_t end, const sprat_view *views, size_t count);

typedef struct sprat_loop {
  size_t size;
  const char *name;   /* for messages */
  sprat_chunk body;
  size_t params_size; /* bytes of the parameters, which are copied, aligned to 16; at most 1 MiB */
  size_t elements;    /* how many elements each access has, see below. Without accesses: how many indices */
  size_t grain;       /* how many of them a chunk has; 0: what takes about 30 us, as is found out by the first elements */
} sprat_loop;

/* Calls the loop's body with each chunk of up to eight blocks or ranges that are read, written, or both, on all engines. To others
 * it is one codelet: it has its place in the order, and ends when all chunks have. Of the options those about place hold for its
 * beginning, and `repeats` is 0. Not in a recording.
 *
 * Of `elements` elements each access has the same number of bytes, one at least: the loop fails if an access is empty or its bytes are
 * no multiple. If `elements` is 0 the body is not called, whatever the accesses have. The body has no scope: it spawns nothing, also not
 * by the scope of somebody else. */
sprat_status sprat_for_each(sprat_scope *scope, const sprat_loop *what, const void *params, const sprat_access *accesses,
                            size_t count, const sprat_options *options, sprat_event *ended);

/* Makes a result of elements begin, begin + 1, ..., end - 1, where the views are those of a loop. `result` is aligned to 16, and zeros. */
typedef int32_t (*sprat_map)(const void *params, size_t begin, size_t end, const sprat_view *views, size_t count, void *result);

/* Changes a result to that of its elements and those that follow, whose result is `next`. */
typedef int32_t (*sprat_combine)(const void *params, void *result, const void *next);

/* Both functions return 0, or what went wrong, as a loop's body does. */
typedef struct sprat_reduction {
  size_t size;
  const char *name;     /* for messages */
  sprat_map map;
  sprat_combine combine; /* need not be commutative, but associative, or nearly so as sums of floating-point numbers are */
  size_t params_size;   /* bytes of the parameters, which are copied, aligned to 16; at most 1 MiB */
  size_t elements;      /* as of a loop, at least 1 */
  size_t grain;         /* how many of them a chunk has; 0: what makes 256 chunks, or fewer of a short one. 2^24 chunks are the most */
  size_t result_size;   /* bytes of a result, which are copied; at most 1 MiB */
} sprat_reduction;

/* Makes a result of each chunk of the accesses, on all engines, and combines them in pairs of neighbours into all of block `result`,
 * which has `result_size` bytes, and is written when the accesses are read already. Chunks, and the order of combining, depend
 * on `elements` and `grain` only: so the result has the same bits with any number of engines. All results of chunks have their places at
 * once: more chunks than 2^24 are SPRAT_ACCESS, and without memory for the places it is SPRAT_SYSTEM; in either case the codelet fails.
 * The rest is as for a loop. */
sprat_status sprat_map_reduce(sprat_scope *scope, const sprat_reduction *what, const void *params, const sprat_access *accesses,
                              size_t count, sprat_block result, const sprat_options *options, sprat_event *ended);

/* Makes the chunk fail whose body this thread runs, as sprat_fail does a codelet: the loop's message is this one, whatever the body
 * returns. The first call counts. The message is copied. Outside of a chunk's body it is SPRAT_SCOPE: so in a codelet, a polled function
 * or an operator that runs here because the body waits in another runtime. */
sprat_status sprat_chunk_fail(const char *message);

/* ---- Channels --------------------------------------------------------------------------------------------------------------- */

/* A line of events: the i-th call of sprat_channel_next gives the event that comes with the i-th call of sprat_channel_satisfy,
 * whichever of the two is first. A name, copied freely. */
typedef struct sprat_channel {
  uint64_t id; /* opaque; 0 names none */
} sprat_channel;

/* Makes a channel that any thread satisfies. `bound`, unless it is 0, is how many events may be given that have not come, and how many
 * may come that were not given: one more is SPRAT_EVENT. Made in a scope it is for the scope's codelets to satisfy, as an event is. */
sprat_status sprat_channel_create(sprat_runtime *runtime, const char *name, size_t bound, sprat_channel *channel);
sprat_status sprat_channel_create_in(sprat_scope *scope, const char *name, size_t bound, sprat_channel *channel);

/* Gives the next event of the line, from any thread. The name goes back by sprat_event_destroy, at any time: the event comes all the
 * same. */
sprat_status sprat_channel_next(sprat_channel channel, sprat_event *event);

/* Satisfies the next event of the line, from any thread. */
sprat_status sprat_channel_satisfy(sprat_channel channel);

/* Gives a channel back: events of it that have not come are poisoned. */
sprat_status sprat_channel_destroy(sprat_channel channel);

/* ---- Files ------------------------------------------------------------------------------------------------------------------ */

/* Files are read and written by threads that may block, so no engine does; to others it is a codelet that writes or reads the block,
 * in order with those before and after it. What goes wrong with the file makes that codelet fail: the block is poisoned, and the
 * message has the path, the range, and what the system said. But where the length is asked of the file, since `bytes` is 0, that is
 * done in the call, which is itself SPRAT_SYSTEM if it cannot be told and SPRAT_BLOCK_SIZE if there is nothing. Accesses to one file are not ordered by its name: let one come `after` the
 * end of the other. Of the options those about place do not apply, and `repeats` is 0. Not in a recording. A path is any bytes
 * that end with a zero. */

/* Makes a block that is filled from a file: with `bytes` bytes from byte `start` on, or if that is 0 with all up to the end that the
 * file has in this call. The first waits; the other is for scopes, where `options` may be null. */
sprat_status sprat_read_file(sprat_runtime *runtime, const char *path, uint64_t start, uint64_t bytes, sprat_block *block);
sprat_status sprat_read_file_in(sprat_scope *scope, const char *path, uint64_t start, uint64_t bytes, const sprat_options *options,
                                sprat_block *block);

/* Fills all of a block from a file, from byte `start` on. */
sprat_status sprat_read_file_into(sprat_scope *scope, sprat_block block, const char *path, uint64_t start,
                                  const sprat_options *options, sprat_event *ended);

/* Writes all of a block to a file, which is made if it is not there, and is as long as the block afterwards. When it has ended the
 * system has the data, though perhaps not yet on the disk. The first waits. */
sprat_status sprat_write_file(sprat_runtime *runtime, sprat_block block, const char *path);
sprat_status sprat_write_file_in(sprat_scope *scope, sprat_block block, const char *path, const sprat_options *options,
                                 sprat_event *ended);

/* Writes all of a block into a file, from byte `start` on; the rest of the file stays. */
sprat_status sprat_write_file_at(sprat_scope *scope, sprat_block block, const char *path, uint64_t start,
                                 const sprat_options *options, sprat_event *ended);

/* ---- Cancelling ------------------------------------------------------------------------------------------------------------- */

/* Cancels this scope, in a codelet its children: what has not started does not start. Bodies that run end by themselves. In a codelet
 * of a graph, which has no children, it is SPRAT_GRAPH. */
sprat_status sprat_cancel(sprat_scope *scope, const char *reason);

/* 1 if this scope or one around it is cancelled, else 0: a body that takes long asks now and then. */
int32_t sprat_is_cancelled(sprat_scope *scope);

/* The right to cancel a scope, for any thread. */
typedef struct sprat_canceller {
  uint64_t id; /* opaque; 0 names none */
} sprat_canceller;

sprat_status sprat_canceller_create(sprat_scope *scope, sprat_canceller *canceller);
sprat_status sprat_canceller_cancel(sprat_canceller canceller, const char *reason);
sprat_status sprat_canceller_destroy(sprat_canceller canceller);

/* ---- Graphs ----------------------------------------------------------------------------------------------------------------- */

/* Codelets recorded with their dependences, to be replayed many times. A handle, not an address. */
typedef struct sprat_graph sprat_graph;

/* Records what `body` spawns, without running it. Its codelets spawn nothing themselves. */
sprat_status sprat_record(sprat_runtime *runtime, sprat_scope_body body, void *argument, sprat_graph **graph);

/* What spawns for a graph each of whose rounds gets an argument. */
typedef void (*sprat_round_body)(sprat_scope *scope, sprat_round round, void *argument);

/* Records such a graph: arguments have `argument_size` bytes, at most 1 MiB. Codelets that have sprat_argument_of(round) among their
 * accesses get the round's: as a view, only to be read. */
sprat_status sprat_record_with(sprat_runtime *runtime, size_t argument_size, sprat_round_body body, void *argument,
                               sprat_graph **graph);

/* Runs such a graph so many times: `arguments` are as many, one behind the other, and stay as they are until this returns. The rest is as
 * for sprat_replay; a graph of one kind is refused by the other's functions, with SPRAT_GRAPH. */
sprat_status sprat_replay_with(sprat_runtime *runtime, sprat_graph *graph, size_t rounds, const void *arguments);

/* Runs a graph so many times, as if its codelets had been spawned anew in each round. Rounds overlap as far as the data allow.
 * Waits. */
sprat_status sprat_replay(sprat_runtime *runtime, sprat_graph *graph, size_t rounds);

/* The same, cancelled when so many seconds have passed: then it ends after the highest round that has begun. */
sprat_status sprat_replay_within(sprat_runtime *runtime, double limit_seconds, sprat_graph *graph, size_t rounds);

/* Whether a replay is done after this round, counted from 0: not 0 if so. Blocks may be read there. */
typedef int32_t (*sprat_done)(size_t round, void *argument);

/* Runs a graph until `done` says so. Rounds do not overlap. Waits. */
sprat_status sprat_replay_until(sprat_runtime *runtime, sprat_graph *graph, sprat_done done, void *argument);

/* Cancels the replay that is under way, from any thread; if there is none, nothing. */
sprat_status sprat_graph_cancel(sprat_graph *graph, const char *reason);

/* How many codelets it has, with those that put reductions together. */
sprat_status sprat_graph_codelets(sprat_graph *graph, size_t *codelets);

/* Tells which engine each codelet belongs to, in the order of their spawns: of so many as there is room for. */
sprat_status sprat_graph_owners(sprat_graph *graph, size_t *owners, size_t room);

/* What a graph can tell as text. */
typedef int32_t sprat_about_graph;
enum {
  SPRAT_GRAPH_DOT = 1,      /* its codelets and dependences in the DOT language: `dot -Tsvg` draws it */
  SPRAT_GRAPH_DECISIONS = 2 /* what was decided about it, and from what */
};

/* Writes it, as sprat_tell does. */
sprat_status sprat_graph_tell(sprat_graph *graph, sprat_about_graph about, char *text, size_t room, size_t *length);

/* Gives a graph back. */
sprat_status sprat_graph_destroy(sprat_graph *graph);

/* ---- The machine, and what was done ----------------------------------------------------------------------------------------- */

/* The machine as the runtime has it, and its engines. */
typedef struct sprat_machine {
  size_t size;
  size_t packages;
  size_t regions;
  size_t cache_groups; /* cores that share a last-level cache */
  size_t cores;
  size_t threads;
  size_t xes;
  size_t domains;
  sprat_ce_mode ce_mode;
  int32_t oversubscribed; /* 1 if there are more engines than hardware threads, else 0 */
} sprat_machine;

#define SPRAT_MACHINE_INIT {sizeof(sprat_machine), 0, 0, 0, 0, 0, 0, 0, 0, 0}

sprat_status sprat_machine_get(sprat_runtime *runtime, sprat_machine *machine);

/* Where an execution engine is, and what it did so far. */
typedef struct sprat_xe {
  size_t size;
  uint32_t cpu; /* the operating system's number */
  uint32_t reserved;
  size_t core;
  size_t region;
  size_t domain;
  uint64_t ran;       /* codelets whose bodies ran here */
  uint64_t skipped;   /* because others failed */
  uint64_t cancelled; /* because their scope was cancelled */
  uint64_t repeated;  /* bodies that ran again */
  uint64_t stolen;    /* taken from other engines */
  uint64_t posted;    /* given to other engines */
  uint64_t parked;    /* times it parked */
  uint64_t stood_in;  /* times a control engine's routine ran here, since that was silent too long */
} sprat_xe;

#define SPRAT_XE_INIT {sizeof(sprat_xe), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

sprat_status sprat_xe_get(sprat_runtime *runtime, size_t which, sprat_xe *xe);

/* What a control engine decided so far; there is one for each domain. */
typedef struct sprat_ce {
  size_t size;
  uint64_t rounds;       /* times its routine ran, on whatever thread */
  uint64_t brokered;     /* codelets moved between domains */
  uint64_t stuck_checks; /* times it looked for stuck scopes */
  uint64_t stuck_scopes; /* scopes it found stuck */
} sprat_ce;

#define SPRAT_CE_INIT {sizeof(sprat_ce), 0, 0, 0, 0}

sprat_status sprat_ce_get(sprat_runtime *runtime, size_t which, sprat_ce *ce);

/* What codelets take now. */
typedef struct sprat_usage {
  size_t size;
  size_t live_codelets; /* those that were spawned and are not gone, scopes included, and up to 128 free records for each engine and size */
  size_t codelet_bytes; /* bytes of their records, with those that are free for new ones */
  size_t open_xes;      /* how many execution engines may work: what sprat_set_xes said last */
} sprat_usage;

#define SPRAT_USAGE_INIT {sizeof(sprat_usage), 0, 0, 0}

sprat_status sprat_usage_get(sprat_runtime *runtime, sprat_usage *usage);

/* A core, of those that the process may use: neighbours by number are neighbours in the machine. */
typedef struct sprat_core {
  size_t size;
  uint32_t cpu;      /* the operating system's number of its first usable hardware thread */
  uint32_t capacity; /* how much work it does in the same time, where 1024 is the strongest of the machine; 0 if unknown */
  size_t threads;    /* its usable hardware threads */
  size_t package;
  size_t region;
  size_t cache_group;
  size_t die;        /* counted over the whole machine, as is */
  size_t cluster;    /* that of neighbouring cores */
} sprat_core;

#define SPRAT_CORE_INIT {sizeof(sprat_core), 0, 0, 0, 0, 0, 0, 0, 0}

sprat_status sprat_core_get(sprat_runtime *runtime, size_t which, sprat_core *core);

/* Cores that share a last-level cache and lie in one region and one package. */
typedef struct sprat_cache_group {
  size_t size;
  uint64_t bytes; /* of the cache; 0 if unknown */
  uint32_t level; /* of the cache; 0 if none is known */
  uint32_t reserved;
  size_t cores;
  size_t first_core; /* they follow each other */
  size_t region;
  size_t package;
} sprat_cache_group;

#define SPRAT_CACHE_GROUP_INIT {sizeof(sprat_cache_group), 0, 0, 0, 0, 0, 0, 0}

sprat_status sprat_cache_group_get(sprat_runtime *runtime, size_t which, sprat_cache_group *group);

/* A memory region, and the runtime's memory there. */
typedef struct sprat_region {
  size_t size;
  uint32_t os_id;
  int32_t has_cpus; /* 1 if a usable core is there, else 0 */
  uint64_t bytes;   /* capacity; 0 if unknown */
  size_t mapped_bytes;
  size_t peak_mapped_bytes;
  size_t in_use_bytes;
  size_t recycled_bytes;
} sprat_region;

#define SPRAT_REGION_INIT {sizeof(sprat_region), 0, 0, 0, 0, 0, 0, 0}

sprat_status sprat_region_get(sprat_runtime *runtime, size_t which, sprat_region *region);

/* How far region `to` is for the cores of region `from`: 10 is local, and 20 takes twice as long. */
sprat_status sprat_distance(sprat_runtime *runtime, size_t from, size_t to, uint32_t *distance);

/* What became of blocks' moves and copies so far. */
typedef struct sprat_moves {
  size_t size;
  uint64_t moved; /* blocks that went to another region */
  uint64_t moved_bytes;
  uint64_t copied; /* copies that were made */
  uint64_t copied_bytes;
  uint64_t refused;       /* moves and copies that were not made, since there was no room, or the budget of copies was spent */
  uint64_t replica_bytes; /* what copies take now */
} sprat_moves;

#define SPRAT_MOVES_INIT {sizeof(sprat_moves), 0, 0, 0, 0, 0, 0}

sprat_status sprat_moves_get(sprat_runtime *runtime, sprat_moves *moves);

/* What a runtime can tell as text. */
typedef int32_t sprat_about;
enum {
  SPRAT_ABOUT_MACHINE = 1,      /* the machine, for people */
  SPRAT_ABOUT_MACHINE_JSON = 2, /* the machine, for programs */
  SPRAT_ABOUT_PLAN = 3,         /* the engines, and why they are so */
  SPRAT_ABOUT_METRICS = 4,      /* all that is counted, as OpenMetrics text, for who gathers such figures */
  SPRAT_ABOUT_LEFTOVERS = 5     /* in the checking mode: blocks that nobody destroyed and events that nobody satisfied, a line each */
};

/* Writes such a text. At most `room` bytes are written, the last of which is zero; `length`, which may be null, is set to the bytes that
 * all of it has, without the zero. To learn it before, pass null and 0. */
sprat_status sprat_tell(sprat_runtime *runtime, sprat_about about, char *text, size_t room, size_t *length);

/* Adds to the trace, if one is kept (else they cost next to nothing): a counter's value, and parts of this body that have a name. A part
 * ends by the call that follows its beginning and those of parts inside it, or with the body. Where a trace is kept, each name stays as
 * long as the process: so let there be few. */
sprat_status sprat_trace_count(sprat_scope *scope, const char *name, double value);
sprat_status sprat_trace_begin(sprat_scope *scope, const char *name);
sprat_status sprat_trace_end(sprat_scope *scope);

/* ---- The account of memory -------------------------------------------------------------------------------------------------- */

/* What codelets did to blocks so far, as their accesses declare it: all of a block, or the part. */
typedef struct sprat_memory {
  size_t size;
  uint64_t local_bytes;    /* touched in the codelet's own memory region */
  uint64_t remote_bytes;   /* touched in another one */
  uint64_t unplaced_bytes; /* of adopted memory, which Sprat did not place, and of interleaved blocks */
  uint64_t other_bytes;    /* of blocks for which the account had no room; they count in none of the others */
} sprat_memory;

#define SPRAT_MEMORY_INIT {sizeof(sprat_memory), 0, 0, 0, 0}

/* Both are SPRAT_CONFIG if no account is kept: see `memory_report` in sprat_config, or set SPRAT_MEMORY_REPORT=1. */
sprat_status sprat_memory_get(sprat_runtime *runtime, sprat_memory *memory);

/* Writes a table for people, as sprat_tell does: who touched what from where, the worst first, and what would mend it. */
sprat_status sprat_memory_report(sprat_runtime *runtime, char *text, size_t room, size_t *length);

#ifdef __cplusplus
}
#endif

#endif /* SPRAT_H */
