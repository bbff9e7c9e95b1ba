/* A program with a main of its own, and no mainEdt. */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
#include "extensions/ocr-legacy.h"
#include "ocr.h"

#define CHECK(condition_)                                                      \
    do {                                                                       \
        if (!(condition_)) {                                                   \
            printf("FAILED: %s, at line %d\n", #condition_, __LINE__);         \
            failed = 1;                                                        \
        }                                                                      \
    } while (0)
static int failed;

static ocrGuid_t makes(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    (void)paramc, (void)depc, (void)depv;
    ocrGuid_t block;
    u64 *at;
    ocrDbCreate(&block, (void **)&at, sizeof *at, DB_PROP_NONE, NULL_HINT, NO_ALLOC);
    *at = paramv[0];
    return block;
}
static ocrGuid_t ends(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    (void)paramc, (void)depc, (void)depv;
    if (paramv[0] == 0) ocrShutdown();
    else ocrAbort((u8)paramv[0]);
    return NULL_GUID;
}

static void once(int argc, const char *argv[], bool until_shutdown, u8 code) {
    ocrConfig_t config;
    ocrGuid_t context, template_, handle, came = NULL_GUID, none = NULL_GUID, given, again;
    u64 param = 33, *at = NULL, *same = NULL, size = 0;
    ocrParseArgs(argc, argv, &config);
    ocrLegacyInit(&context, &config);
    CHECK(!ocrGuidIsError(context));
    CHECK(ocrEdtTemplateCreate(&template_, makes, 1, 1) == 0);
    CHECK(ocrLegacySpawnOCR(&handle, template_, 1, &param, 1, &none, context) == 0);
    CHECK(ocrLegacyBlockProgress(handle, &came, (void **)&at, &size, LEGACY_PROP_NONE) == 0);
    CHECK(!ocrGuidIsNull(came) && size == 8 && at != NULL && *at == 33);
    /* Again, since it is sticky. */
    given = ocrWait(handle);
    CHECK(ocrEventCreate(&again, OCR_EVENT_STICKY_T, EVT_PROP_TAKES_ARG) == 0);
    CHECK(ocrEventSatisfy(again, came) == 0);
    CHECK(ocrGuidIsEq(given, came));
    CHECK(ocrEventDestroy(handle) == 0);
    CHECK(ocrLegacyBlockProgress(handle, NULL, NULL, NULL, LEGACY_PROP_NONE) == OCR_EINVAL);
    CHECK(ocrEdtTemplateDestroy(template_) == 0);
    /* It was acquired once, whoever asked how often. */
    CHECK(ocrLegacyBlockProgress(again, NULL, (void **)&same, NULL, LEGACY_PROP_NONE) == 0);
    CHECK(same == at && ocrDbRelease(came) == 0 && ocrDbRelease(came) == OCR_EACCES);
    CHECK(ocrLegacyBlockProgress(again, NULL, (void **)&same, NULL, LEGACY_PROP_NONE) == 0);
    CHECK(*same == 33);
    CHECK(ocrDbDestroy(came) == 0);
    CHECK(ocrLegacyBlockProgress(again, NULL, (void **)&same, NULL, LEGACY_PROP_NONE) == OCR_EINVAL);
    CHECK(ocrEventDestroy(again) == 0);
    if (until_shutdown) {
        param = code;
        CHECK(ocrEdtTemplateCreate(&template_, ends, 1, 1) == 0);
        CHECK(ocrLegacySpawnOCR(&handle, template_, 1, &param, 1, &none, context) == 0);
    }
    CHECK(ocrLegacyFinalize(context, until_shutdown) == code);
}

/* Neither a thread nor an EDT waits for what cannot come any more. */
static ocrGuid_t never;
static u8 waited;
static ocrGuid_t waits(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    ocrGuid_t template_;
    (void)paramc, (void)depc, (void)depv;
    CHECK(ocrEdtTemplateCreate(&template_, ends, 1, 0) == 0);
    CHECK(ocrEdtCreate(NULL, template_, 1, paramv, 0, NULL, EDT_PROP_NONE, NULL_HINT, NULL) == 0);
    waited = ocrLegacyBlockProgress(never, NULL, NULL, NULL, LEGACY_PROP_NONE);
    return NULL_GUID;
}
static void in_vain(void) {
    ocrGuid_t context, template_, handle, none = NULL_GUID;
    u64 param = 5;
    ocrLegacyInit(&context, NULL);
    CHECK(ocrEventCreate(&never, OCR_EVENT_STICKY_T, EVT_PROP_TAKES_ARG) == 0);
    CHECK(ocrEdtTemplateCreate(&template_, waits, 1, 1) == 0);
    CHECK(ocrLegacySpawnOCR(&handle, template_, 1, &param, 1, &none, context) == 0);
    CHECK(ocrLegacyBlockProgress(never, NULL, NULL, NULL, LEGACY_PROP_NONE) == OCR_ECANCELED);
    CHECK(ocrGuidIsError(ocrWait(never)));
    CHECK(ocrLegacyFinalize(context, true) == 5);
    CHECK(waited == OCR_ECANCELED);
}

/* Two contexts, one after the other. */
static void anew(void) {
    ocrGuid_t context, range, label, block, event, again, template_, handle, came, none = NULL_GUID;
    u64 *at, param = 3;
    ocrLegacyInit(&context, NULL);
    CHECK(ocrGuidRangeCreate(&range, 1, GUID_USER_EVENT_STICKY) == 0);
    CHECK(ocrGuidFromIndex(&label, range, 0) == 0);
    CHECK(ocrEventCreate(&label, OCR_EVENT_STICKY_T, GUID_PROP_CHECK) == 0);
    CHECK(ocrEventCreate(&event, OCR_EVENT_STICKY_T, EVT_PROP_NONE) == 0);
    CHECK(ocrDbCreate(&block, (void **)&at, 8, DB_PROP_NONE, NULL_HINT, NO_ALLOC) == 0);
    CHECK(ocrPause(false) == 1);
    CHECK(ocrLegacyFinalize(context, false) == 0);
    ocrLegacyInit(&context, NULL);
    CHECK(ocrEventCreate(&label, OCR_EVENT_STICKY_T, GUID_PROP_CHECK) == 0);
    CHECK(ocrEventDestroy(event) == OCR_EINVAL);
    /* It is numbered as the one that was held, and nobody holds it. */
    CHECK(ocrDbCreate(&again, NULL, 8, DB_PROP_NO_ACQUIRE, NULL_HINT, NO_ALLOC) == 0);
    CHECK(ocrDbRelease(again) == OCR_EACCES);
    CHECK(ocrEdtTemplateCreate(&template_, makes, 1, 1) == 0);
    CHECK(ocrLegacySpawnOCR(&handle, template_, 1, &param, 1, &none, context) == 0);
    CHECK(ocrLegacyBlockProgress(handle, &came, (void **)&at, NULL, LEGACY_PROP_NONE) == 0);
    CHECK(*at == 3);
    CHECK(ocrLegacyFinalize(context, false) == 0);
}

/* What this thread has acquired and not released is good when the context has ended, too, also beside the next one. */
static void outlives(void) {
    enum { WORDS = 100000 };
    ocrGuid_t context, block;
    u64 *at[2];
    for (u64 round = 0; round < 2; round++) {
        ocrLegacyInit(&context, NULL);
        CHECK(ocrDbCreate(&block, (void **)&at[round], WORDS * sizeof(u64), DB_PROP_NONE, NULL_HINT, NO_ALLOC) == 0);
        for (u64 i = 0; i < WORDS; i++) at[round][i] = i + round;
        CHECK(ocrLegacyFinalize(context, false) == 0);
    }
    CHECK(at[0] != at[1]);
    for (u64 i = 0; i < WORDS; i++) CHECK(at[0][i]++ == i && at[1][i]++ == i + 1);
}

/* Other threads of the program. */
static ocrGuid_t awaited, plain;
static void *makes_room(void *nothing) {
    usleep(20000);
    CHECK(ocrEventSatisfy(plain, NULL_GUID) == 0);
    CHECK(ocrEventDestroy(awaited) == 0);
    return nothing;
}
static void *works_on(void *nothing) {
    u8 code;
    do code = ocrEventSatisfy(plain, NULL_GUID);
    while (code == 0);
    CHECK(code == OCR_EPERM);
    return nothing;
}
static void threads(void) {
    ocrGuid_t context, range;
    pthread_t thread;
    ocrLegacyInit(&context, NULL);
    CHECK(ocrGuidRangeCreate(&range, 1, GUID_USER_EVENT_STICKY) == 0);
    CHECK(ocrGuidFromIndex(&awaited, range, 0) == 0);
    CHECK(ocrEventCreate(&awaited, OCR_EVENT_STICKY_T, GUID_PROP_CHECK) == 0);
    CHECK(ocrEventCreate(&plain, OCR_EVENT_IDEM_T, EVT_PROP_NONE) == 0);
    pthread_create(&thread, NULL, makes_room, NULL);
    CHECK(ocrEventCreate(&awaited, OCR_EVENT_STICKY_T, GUID_PROP_BLOCK) == 0);
    pthread_join(thread, NULL);
    pthread_create(&thread, NULL, works_on, NULL);
    usleep(1000);
    CHECK(ocrLegacyFinalize(context, false) == 0);
    pthread_join(thread, NULL);
}

/* What this thread holds at the end goes back: others wait for it. */
static u64 ran;
static ocrGuid_t takes(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    (void)paramc, (void)paramv, (void)depc;
    CHECK(*(u64 *)depv[0].ptr == 4);
    ran++;
    return NULL_GUID;
}
static ocrGuid_t destroys(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    ocrGuid_t block = {(intptr_t)paramv[0]};
    (void)paramc, (void)depc, (void)depv;
    CHECK(ocrDbDestroy(block) == 0);
    return NULL_GUID;
}
static void held(ocrDbAccessMode_t mode) {
    ocrGuid_t context, taken, destroyed, template_, edt, handle, none = NULL_GUID;
    u64 *at, *other, param;
    ocrLegacyInit(&context, NULL);
    CHECK(ocrDbCreate(&taken, (void **)&at, 8, DB_PROP_NONE, NULL_HINT, NO_ALLOC) == 0);
    CHECK(ocrDbCreate(&destroyed, (void **)&other, 8, DB_PROP_NONE, NULL_HINT, NO_ALLOC) == 0);
    *at = 4;
    ran = 0;
    CHECK(ocrEdtTemplateCreate(&template_, takes, 0, 1) == 0);
    CHECK(ocrEdtCreate(&edt, template_, 0, NULL, 1, NULL, EDT_PROP_NONE, NULL_HINT, NULL) == 0);
    CHECK(ocrAddDependence(taken, edt, 0, mode) == 0);
    param = (u64)destroyed.guid;
    CHECK(ocrEdtTemplateCreate(&template_, destroys, 1, 1) == 0);
    CHECK(ocrLegacySpawnOCR(&handle, template_, 1, &param, 1, &none, context) == 0);
    CHECK(ocrGuidIsNull(ocrWait(handle)));
    CHECK(ran == 0);
    CHECK(ocrLegacyFinalize(context, false) == 0);
    CHECK(ran == 1);
}

/* Neither a thread nor an EDT waits for a block that somebody has for good. */
static ocrGuid_t kept;
static u64 asked, got_nothing;
static void ask(void) {
    u64 *at = NULL;
    CHECK(ocrLegacyBlockProgress(kept, NULL, (void **)&at, NULL, LEGACY_PROP_NONE) == OCR_ECANCELED);
    CHECK(at == NULL);
    __atomic_fetch_add(&got_nothing, 1, __ATOMIC_RELAXED);
}
static ocrGuid_t asks(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    ocrGuid_t template_;
    (void)paramc, (void)depc, (void)depv;
    CHECK(ocrEdtTemplateCreate(&template_, ends, 1, 0) == 0);
    CHECK(ocrEdtCreate(NULL, template_, 1, paramv, 0, NULL, EDT_PROP_NONE, NULL_HINT, NULL) == 0);
    ask();
    return NULL_GUID;
}
static ocrGuid_t keeps(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    ocrGuid_t template_;
    (void)paramc, (void)depc, (void)depv;
    __atomic_store_n(&asked, 1, __ATOMIC_RELAXED);
    CHECK(ocrEdtTemplateCreate(&template_, asks, 1, 0) == 0);
    CHECK(ocrEdtCreate(NULL, template_, 1, paramv, 0, NULL, EDT_PROP_NONE, NULL_HINT, NULL) == 0);
    while (__atomic_load_n(&got_nothing, __ATOMIC_RELAXED) < 2) ocrInformLegacyCodeBlocking();
    return NULL_GUID;
}
static void kept_for_good(void) {
    ocrGuid_t context, block, template_, edt;
    u64 param = 6, *at;
    ocrLegacyInit(&context, NULL);
    CHECK(ocrDbCreate(&block, (void **)&at, 8, DB_PROP_NONE, NULL_HINT, NO_ALLOC) == 0);
    CHECK(ocrDbRelease(block) == 0);
    CHECK(ocrEventCreate(&kept, OCR_EVENT_STICKY_T, EVT_PROP_TAKES_ARG) == 0);
    CHECK(ocrEventSatisfy(kept, block) == 0);
    asked = got_nothing = 0;
    CHECK(ocrEdtTemplateCreate(&template_, keeps, 1, 1) == 0);
    CHECK(ocrEdtCreate(&edt, template_, 1, &param, 1, NULL, EDT_PROP_NONE, NULL_HINT, NULL) == 0);
    CHECK(ocrAddDependence(block, edt, 0, DB_MODE_EW) == 0);
    while (!__atomic_load_n(&asked, __ATOMIC_RELAXED)) usleep(100);
    ask();
    CHECK(ocrLegacyFinalize(context, true) == 6);
}

int main(int argc, const char *argv[]) {
    ocrGuid_t guid;
    /* A wait that does not end is a failure. */
    alarm(60);
    CHECK(ocrEventSatisfy(NULL_GUID, NULL_GUID) != 0);
    once(argc, argv, false, 0);
    once(argc, argv, true, 0);
    once(argc, argv, true, 9);
    in_vain();
    anew();
    threads();
    held(DB_MODE_EW);
    held(DB_MODE_RO);
    held(DB_MODE_CONST);
    kept_for_good();
    outlives();
    CHECK(ocrCurrentEdtGet(&guid) == OCR_EPERM);
    printf("%s\n", failed ? "failed" : "passed");
    return failed;
}
