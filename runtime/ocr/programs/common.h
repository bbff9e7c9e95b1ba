/* What the programs share: short names for the usual calls, and their end. */
#ifndef COMMON_H
#define COMMON_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ocr.h"

#define EDT(name_) static ocrGuid_t name_(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[])
#define UNUSED (void)paramc, (void)paramv, (void)depc, (void)depv

static inline ocrGuid_t guid_of(u64 word) {
    ocrGuid_t guid = {(intptr_t)word};
    return guid;
}
static inline u64 word_of(ocrGuid_t guid) { return (u64)guid.guid; }

static inline ocrGuid_t event_of(ocrEventTypes_t kind) {
    ocrGuid_t event;
    if (ocrEventCreate(&event, kind, EVT_PROP_TAKES_ARG) != 0) ocrAbort(2);
    return event;
}
/* An event of many generations. */
static inline ocrGuid_t channel_of(u32 generations) {
    ocrGuid_t event;
    ocrEventParams_t params;
    params.EVENT_CHANNEL.maxGen = generations;
    params.EVENT_CHANNEL.nbSat = params.EVENT_CHANNEL.nbDeps = 1;
    if (ocrEventCreateParams(&event, OCR_EVENT_CHANNEL_T, EVT_PROP_TAKES_ARG, &params) != 0) ocrAbort(2);
    return event;
}
/* A block that the caller holds. */
static inline ocrGuid_t block_of(u64 bytes, void *at) {
    ocrGuid_t block;
    if (ocrDbCreate(&block, (void **)at, bytes, DB_PROP_NONE, NULL_HINT, NO_ALLOC) != 0) ocrAbort(2);
    return block;
}
/* An EDT whose slots are still to be filled; `out` may be null. */
#define edt_of(function_, paramc_, paramv_, depc_, properties_, out_) \
    edt_named((function_), #function_, (paramc_), (paramv_), (depc_), (properties_), (out_))
static inline ocrGuid_t edt_named(ocrEdt_t function, const char *name, u32 paramc, u64 *paramv, u32 depc, u16 properties,
                                  ocrGuid_t *out) {
    ocrGuid_t template_, edt;
    ocrEdtTemplateCreate_internal(&template_, function, paramc, depc, name);
    if (ocrEdtCreate(&edt, template_, paramc, paramv, depc, NULL, properties, NULL_HINT, out) != 0) ocrAbort(2);
    ocrEdtTemplateDestroy(template_);
    return edt;
}
/* The argument with this number, or what it is otherwise. */
static inline u64 argument(ocrEdtDep_t depv[], u64 at, u64 otherwise) {
    return ocrGetArgc(depv[0].ptr) > at ? strtoull(ocrGetArgv(depv[0].ptr, at), NULL, 10) : otherwise;
}
static inline u64 next_random(u64 *state) {
    *state ^= *state << 13, *state ^= *state >> 7, *state ^= *state << 17;
    return *state;
}
/* Says how it went, and ends the program. */
static inline void end(const char *what, bool right) {
    PRINTF("%s: %s\n", what, right ? "right" : "WRONG");
    ocrAbort(right ? 0 : 1);
}

#endif
