/* Fibonacci numbers the long way: each call is an EDT, which creates two calls and a sum that waits for their blocks. */
#include <stdio.h>
#include <stdlib.h>
#include "ocr.h"

static ocrGuid_t fibTemplate, sumTemplate;

static ocrGuid_t sum(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    (void)paramc, (void)depc;
    u64 *a = depv[0].ptr, *b = depv[1].ptr;
    ocrGuid_t done = {(intptr_t)paramv[0]}, mine = depv[0].guid;
    *a += *b;
    ocrDbRelease(mine);
    ocrDbDestroy(depv[1].guid);
    ocrEventSatisfy(done, mine);
    return NULL_GUID;
}

static ocrGuid_t fib(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    (void)paramc, (void)depc, (void)depv;
    u64 n = paramv[0];
    ocrGuid_t done = {(intptr_t)paramv[1]};
    if (n < 2) {
        ocrGuid_t leaf;
        u64 *value;
        ocrDbCreate(&leaf, (void **)&value, sizeof *value, DB_PROP_NONE, NULL_HINT, NO_ALLOC);
        *value = n;
        ocrDbRelease(leaf);
        ocrEventSatisfy(done, leaf);
        return NULL_GUID;
    }
    ocrGuid_t adder, parts[2];
    u64 to = (u64)done.guid;
    ocrEventCreate(&parts[0], OCR_EVENT_ONCE_T, EVT_PROP_TAKES_ARG);
    ocrEventCreate(&parts[1], OCR_EVENT_ONCE_T, EVT_PROP_TAKES_ARG);
    ocrEdtCreate(&adder, sumTemplate, EDT_PARAM_DEF, &to, EDT_PARAM_DEF, parts, EDT_PROP_NONE, NULL_HINT, NULL);
    for (int i = 0; i < 2; i++) {
        u64 params[2] = {n - 1 - (u64)i, (u64)parts[i].guid};
        ocrGuid_t call;
        ocrEdtCreate(&call, fibTemplate, EDT_PARAM_DEF, params, EDT_PARAM_DEF, NULL, EDT_PROP_NONE, NULL_HINT, NULL);
    }
    return NULL_GUID;
}

static ocrGuid_t show(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    (void)paramc, (void)depc;
    u64 n = paramv[0], found = *(u64 *)depv[0].ptr, a = 0, b = 1;
    for (u64 i = 0; i < n; i++) {
        u64 next = a + b;
        a = b;
        b = next;
    }
    PRINTF("fib(%" PRIu64 ") = %" PRIu64 "\n", n, found);
    if (found == a)
        ocrShutdown();
    else
        ocrAbort(1);
    return NULL_GUID;
}

ocrGuid_t mainEdt(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    (void)paramc, (void)paramv, (void)depc;
    u64 n = getArgc(depv[0].ptr) > 1 ? strtoull(getArgv(depv[0].ptr, 1), NULL, 10) : 20;
    ocrGuid_t showTemplate, done, last, first;
    ocrEdtTemplateCreate(&fibTemplate, fib, 2, 0);
    ocrEdtTemplateCreate(&sumTemplate, sum, 1, 2);
    ocrEdtTemplateCreate(&showTemplate, show, 1, 1);
    ocrEventCreate(&done, OCR_EVENT_ONCE_T, EVT_PROP_TAKES_ARG);
    ocrEdtCreate(&last, showTemplate, 1, &n, 1, &done, EDT_PROP_NONE, NULL_HINT, NULL);
    u64 params[2] = {n, (u64)done.guid};
    ocrEdtCreate(&first, fibTemplate, 2, params, 0, NULL, EDT_PROP_NONE, NULL_HINT, NULL);
    return NULL_GUID;
}
