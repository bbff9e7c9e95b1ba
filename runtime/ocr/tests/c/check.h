/* Tests in EDTs. Each is a finish EDT: what it creates has ended when its second half, if it has one, is called. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ocr.h"

typedef void (*half_t)(void);
typedef struct {
    const char *name, *sentences;
    half_t first, second;
} test_t;

static test_t tests[256];
static int count, failed, wrong;
static const char *now;

#define CHECK(condition_)                                                                          \
    do {                                                                                           \
        if (!(condition_)) {                                                                       \
            printf("FAILED %s: %s, at line %d\n", now, #condition_, __LINE__);                     \
            __atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);                                       \
        }                                                                                          \
    } while (0)
#define GIVES(code_, call_)                                                                        \
    do {                                                                                           \
        int given_ = (call_);                                                                      \
        if (given_ != (code_)) {                                                                   \
            printf("FAILED %s: %s gives %d, at line %d\n", now, #call_, given_, __LINE__);         \
            __atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);                                       \
        }                                                                                          \
    } while (0)

#define ADD_TEST(name_, sentences_, second_)                                                       \
    static void name_(void);                                                                       \
    __attribute__((constructor)) static void add_##name_(void) {                                   \
        tests[count++] = (test_t){#name_, sentences_, name_, second_};                             \
    }                                                                                              \
    static void name_(void)
/* A test of these sentences. */
#define TEST(name_, sentences_) ADD_TEST(name_, sentences_, NULL)
/* A test whose second half, THEN(name), comes when all that the first has created has ended. */
#define TEST2(name_, sentences_)                                                                   \
    static void name_##_then(void);                                                                \
    ADD_TEST(name_, sentences_, name_##_then)
#define THEN(name_) static void name_##_then(void)
#define EDT(name_) static ocrGuid_t name_(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[])
#define UNUSED (void)paramc, (void)paramv, (void)depc, (void)depv

/* What EDTs of a test leave for its second half. */
static u64 seen[8];
static inline void count_up(int at) { __atomic_fetch_add(&seen[at], 1, __ATOMIC_RELAXED); }

/* An EDT with these counts, whose slots are still to be filled. */
static inline ocrGuid_t edt_with(ocrEdt_t function, u32 paramc, u64 *paramv, u32 depc) {
    ocrGuid_t template_, edt = NULL_GUID;
    GIVES(0, ocrEdtTemplateCreate(&template_, function, paramc, depc));
    GIVES(0, ocrEdtCreate(&edt, template_, EDT_PARAM_DEF, paramv, EDT_PARAM_DEF, NULL, EDT_PROP_NONE, NULL_HINT, NULL));
    GIVES(0, ocrEdtTemplateDestroy(template_));
    return edt;
}
static inline ocrGuid_t edt_of(ocrEdt_t function, u32 depc) { return edt_with(function, 0, NULL, depc); }

static inline ocrGuid_t event_of(ocrEventTypes_t kind) {
    ocrGuid_t event = NULL_GUID;
    GIVES(0, ocrEventCreate(&event, kind, EVT_PROP_TAKES_ARG));
    return event;
}

/* A block with one number, released. */
static inline ocrGuid_t block_of(u64 number) {
    ocrGuid_t block = NULL_GUID;
    u64 *at = NULL;
    GIVES(0, ocrDbCreate(&block, (void **)&at, sizeof *at, DB_PROP_NONE, NULL_HINT, NO_ALLOC));
    if (at != NULL) *at = number;
    GIVES(0, ocrDbRelease(block));
    return block;
}

/* Counts, and adds the numbers of its blocks. */
EDT(counts) {
    (void)paramc, (void)paramv;
    count_up(0);
    for (u32 i = 0; i < depc; i++)
        if (depv[i].ptr != NULL) __atomic_fetch_add(&seen[1], *(u64 *)depv[i].ptr, __ATOMIC_RELAXED);
    return NULL_GUID;
}

static void start(int number);

EDT(next_edt) {
    (void)paramc, (void)depc, (void)depv;
    test_t *test = &tests[paramv[0]];
    if (test->second != NULL) test->second();
    if (wrong != 0) failed++;
    start((int)paramv[0] + 1);
    return NULL_GUID;
}

EDT(test_edt) {
    (void)paramc, (void)depc, (void)depv;
    tests[paramv[0]].first();
    return NULL_GUID;
}

static void start(int number) {
    ocrGuid_t first, second, test, next, ended;
    if (number == count) {
        printf("%d passed, %d failed\n", count - failed, failed);
        if (failed != 0) ocrAbort(1);
        else ocrShutdown();
        return;
    }
    u64 param = (u64)number;
    now = tests[number].name;
    wrong = 0;
    memset(seen, 0, sizeof seen);
    ocrEdtTemplateCreate(&first, test_edt, 1, 1);
    ocrEdtTemplateCreate(&second, next_edt, 1, 1);
    ocrEdtCreate(&test, first, 1, &param, 1, NULL, EDT_PROP_FINISH, NULL_HINT, &ended);
    ocrEdtCreate(&next, second, 1, &param, 1, &ended, EDT_PROP_NONE, NULL_HINT, NULL);
    ocrEdtTemplateDestroy(first);
    ocrEdtTemplateDestroy(second);
    ocrAddDependence(NULL_GUID, test, 0, DB_MODE_NULL);
}

ocrGuid_t mainEdt(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    UNUSED;
    start(0);
    return NULL_GUID;
}

#endif
