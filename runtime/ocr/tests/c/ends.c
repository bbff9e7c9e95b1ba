/* How programs end: each case, which the first argument names, is a program of its own, run by tests/conformance.rs. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ocr.h"

#define EDT(name_) static ocrGuid_t name_(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[])
#define UNUSED (void)paramc, (void)paramv, (void)depc, (void)depv

#define edt_of(function_, depc_) edt_named((function_), (depc_), #function_)
static ocrGuid_t edt_named(ocrEdt_t function, u32 depc, const char *name) {
    ocrGuid_t template_, edt;
    ocrEdtTemplateCreate_internal(&template_, function, 0, depc, name);
    ocrEdtCreate(&edt, template_, 0, NULL, depc, NULL, EDT_PROP_NONE, NULL_HINT, NULL);
    ocrEdtTemplateDestroy(template_);
    return edt;
}
EDT(speaks) {
    UNUSED;
    PRINTF("an EDT ran\n");
    return NULL_GUID;
}
EDT(waits_for_ever) {
    UNUSED;
    PRINTF("never\n");
    return NULL_GUID;
}
EDT(fails) {
    UNUSED;
    ASSERT(1 + 1 == 3);
    return NULL_GUID;
}
static ocrGuid_t event_of(ocrEventTypes_t kind) {
    ocrGuid_t event;
    ocrEventCreate(&event, kind, EVT_PROP_TAKES_ARG);
    return event;
}
static ocrGuid_t block_of(u64 number) {
    ocrGuid_t block;
    u64 *at;
    ocrDbCreate(&block, (void **)&at, sizeof *at, DB_PROP_NONE, NULL_HINT, NO_ALLOC);
    *at = number;
    ocrDbRelease(block);
    return block;
}
EDT(writes_constant) {
    UNUSED;
    *(u64 *)depv[0].ptr = 7;
    return NULL_GUID;
}
EDT(shuts_down) {
    UNUSED;
    ocrShutdown();
    return NULL_GUID;
}

/* Words of a block. */
#define KEPT ((u64)100000)

/* A thread of the program's own: it hands over a block that it never releases. */
static void *holds(void *edt) {
    ocrGuid_t block;
    void *at;
    ocrDbCreate(&block, &at, 8, DB_PROP_NONE, NULL_HINT, NO_ALLOC);
    ocrAddDependence(block, *(ocrGuid_t *)edt, 0, DB_MODE_EW);
    return NULL;
}
/* The same: it never releases this one either, and goes on using it when the program has ended. */
static u64 *kept;
static void *keeps(void *nothing) {
    ocrGuid_t block;
    ocrDbCreate(&block, (void **)&kept, KEPT * sizeof *kept, DB_PROP_NONE, NULL_HINT, NO_ALLOC);
    for (u64 i = 0; i < KEPT; i++) kept[i] = i;
    return nothing;
}
static void uses_kept(void) {
    u64 sum = 0;
    for (u64 i = 0; i < KEPT; i++) sum += kept[i]++;
    printf("%s\n", sum == KEPT * (KEPT - 1) / 2 ? "it is there" : "it has changed");
}
/* Shuts down if it finds its own hints. */
EDT(is_hinted) {
    UNUSED;
    ocrGuid_t own;
    ocrHint_t hint;
    u64 priority = 0, space = 0;
    ocrCurrentEdtGet(&own);
    ocrHintInit(&hint, OCR_HINT_EDT_T);
    ocrSetHintValue(&hint, OCR_HINT_EDT_SPACE, 6);
    if (ocrSetHint(own, &hint) != 0 || ocrHintInit(&hint, OCR_HINT_EDT_T) != 0 || ocrGetHint(own, &hint) != 0) return NULL_GUID;
    ocrGetHintValue(&hint, OCR_HINT_EDT_PRIORITY, &priority);
    ocrGetHintValue(&hint, OCR_HINT_EDT_SPACE, &space);
    if (priority == 5 && space == 6) ocrShutdown();
    return NULL_GUID;
}

static ocrGuid_t run(const char *name, u32 depc, ocrEdtDep_t depv[], u32 paramc) {
    void *arguments = depv[0].ptr;
    if (strcmp(name, "shutdown") == 0) {
        /* What waits never runs, what is runnable does, and so does the rest of this. */
        edt_of(waits_for_ever, 1);
        ocrAddDependence(event_of(OCR_EVENT_STICKY_T), edt_of(waits_for_ever, 1), 0, DB_MODE_NULL);
        edt_of(speaks, 0);
        ocrShutdown();
        ocrAddDependence(NULL_GUID, edt_of(waits_for_ever, 1), 0, DB_MODE_NULL);
        PRINTF("after the shutdown\n");
    } else if (strcmp(name, "abort") == 0) {
        ocrAbort(7);
    } else if (strcmp(name, "assert") == 0) {
        edt_of(fails, 0);
    } else if (strcmp(name, "stuck") == 0) {
        edt_of(waits_for_ever, 2);
        ocrAddDependence(event_of(OCR_EVENT_ONCE_T), edt_of(speaks, 1), 0, DB_MODE_NULL);
    } else if (strcmp(name, "silent") == 0) {
        edt_of(speaks, 0);
    } else if (strcmp(name, "arguments") == 0) {
        PRINTF("%d parameters, %d dependences\n", (int)paramc, (int)depc);
        for (u64 i = 1; i < ocrGetArgc(arguments); i++) PRINTF("[%s]\n", getArgv(arguments, i));
        PRINTF("%s\n", getArgv(arguments, getArgc(arguments)) == NULL ? "no more" : "more");
        ocrShutdown();
    } else if (strcmp(name, "mistakes") == 0) {
        /* What the checking mode tells of. */
        ocrGuid_t block = block_of(1), event = event_of(OCR_EVENT_ONCE_T), edt = edt_of(speaks, 2), held;
        u64 *at;
        ocrDbCreate(&held, (void **)&at, 8, DB_PROP_NONE, NULL_HINT, NO_ALLOC);
        ocrDbRelease(held);
        ocrDbRelease(held);
        ocrDbDestroy(block);
        ocrDbDestroy(block);
        ocrEventSatisfy(event, NULL_GUID);
        ocrEventSatisfy(event, NULL_GUID);
        ocrAddDependence(NULL_GUID, edt, 0, DB_MODE_NULL);
        ocrAddDependence(NULL_GUID, edt, 0, DB_MODE_NULL);
        ocrAddDependence(event, edt, 1, DB_MODE_NULL);
        event_of(OCR_EVENT_STICKY_T);
        ocrEdtDestroy(edt);
        ocrShutdown();
    } else if (strcmp(name, "destroyed") == 0) {
        ocrGuid_t block = block_of(1), edt = edt_of(writes_constant, 2);
        ocrAddDependence(block, edt, 0, DB_MODE_RW);
        ocrDbDestroy(block);
        ocrAddDependence(NULL_GUID, edt, 1, DB_MODE_NULL);
        ocrShutdown();
    } else if (strcmp(name, "held") == 0 || strcmp(name, "held to the end") == 0) {
        ocrGuid_t edt = edt_of(speaks, 1);
        pthread_t thread;
        if (pthread_create(&thread, NULL, holds, &edt) == 0) pthread_join(thread, NULL);
        if (strcmp(name, "held") != 0) ocrShutdown();
    } else if (strcmp(name, "kept") == 0) {
        pthread_t thread;
        atexit(uses_kept);
        if (pthread_create(&thread, NULL, keeps, NULL) == 0) pthread_join(thread, NULL);
        ocrShutdown();
    } else if (strcmp(name, "hinted") == 0) {
        ocrGuid_t template_, edt, near;
        ocrHint_t hint;
        ocrAffinityGetCurrent(&near);
        ocrHintInit(&hint, OCR_HINT_EDT_T);
        ocrSetHintValue(&hint, OCR_HINT_EDT_PRIORITY, 5);
        ocrSetHintValue(&hint, OCR_HINT_EDT_AFFINITY, ocrAffinityToHintValue(near));
        ocrEdtTemplateCreate(&template_, is_hinted, 0, 0);
        ocrEdtCreate(&edt, template_, 0, NULL, 0, NULL, EDT_PROP_NONE, &hint, NULL);
        ocrEdtTemplateDestroy(template_);
    } else if (strcmp(name, "writes") == 0) {
        ocrGuid_t template_, edt, out;
        ocrEdtTemplateCreate(&template_, writes_constant, 0, 1);
        ocrEdtCreate(&edt, template_, 0, NULL, 1, NULL, EDT_PROP_NONE, NULL_HINT, &out);
        ocrEdtTemplateDestroy(template_);
        ocrAddDependence(out, edt_of(shuts_down, 1), 0, DB_MODE_NULL);
        ocrAddDependence(block_of(1), edt, 0, DB_MODE_CONST);
    }
    return NULL_GUID;
}

ocrGuid_t mainEdt(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    (void)paramv;
    return run(ocrGetArgv(depv[0].ptr, 1), depc, depv, paramc);
}
