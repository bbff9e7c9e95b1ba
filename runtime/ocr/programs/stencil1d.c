/* Heat along a rod: stencil1d [CELLS [PARTS [STEPS [sticky|once|channel]]]]. Parts pass the cells at their edges to their neighbours
 * in blocks, by events of the kind that is asked for. Who waits for a once event must be linked before it is satisfied: with these
 * all EDTs are there before the first runs. */
#include "common.h"

enum { STICKY, ONCE, CHANNEL };
static u64 cells, parts, steps, own;
static int kind;
/* From part p to its right (0) and left (1) neighbour; of sticky and once events one for each step. */
static ocrGuid_t *events, ended;
/* The EDTs of all parts and steps, with once events alone. */
static ocrGuid_t *linked;
static double *result;

static ocrGuid_t edge(u64 part, int to, u64 step) { return events[kind == CHANNEL ? part * 2 + to : (step * parts + part) * 2 + to]; }
static double start_of(u64 cell) { return (double)(cell * 7919 % 1000); }

EDT(step);
/* A part's EDT of a step, linked to its neighbours. */
static ocrGuid_t linked_step(u64 part, u64 now) {
    u64 params[2] = {part, now};
    ocrGuid_t edt = edt_of(step, 2, params, 3, EDT_PROP_NONE, NULL);
    ocrAddDependence(part == 0 ? NULL_GUID : edge(part - 1, 0, now), edt, 1, DB_MODE_RO);
    ocrAddDependence(part + 1 == parts ? NULL_GUID : edge(part + 1, 1, now), edt, 2, DB_MODE_RO);
    return edt;
}
/* Sends the edges of a part, and hands it to its next step. */
static void go_on(ocrGuid_t block, double *a, u64 part, u64 now) {
    double *cell;
    for (int to = 0; to < 2; to++) {
        if (to == 0 ? part + 1 == parts : part == 0) continue;
        ocrGuid_t one = block_of(sizeof *cell, &cell);
        *cell = a[to == 0 ? own - 1 : 0];
        ocrDbRelease(one);
        ocrEventSatisfy(edge(part, to, now), one);
    }
    ocrDbRelease(block);
    ocrAddDependence(block, kind == ONCE ? linked[now * parts + part] : linked_step(part, now), 0, DB_MODE_RW);
}
EDT(step) {
    UNUSED;
    double *a = depv[0].ptr, before = depv[1].ptr ? *(double *)depv[1].ptr : 0, behind = depv[2].ptr ? *(double *)depv[2].ptr : 0;
    for (u64 i = 0; i < own; i++) {
        double here = a[i], after = i + 1 < own ? a[i + 1] : behind;
        a[i] = here + 0.25 * (before - 2 * here + after);
        before = here;
    }
    for (int slot = 1; slot <= 2; slot++)
        if (depv[slot].ptr != NULL) ocrDbDestroy(depv[slot].guid);
    u64 now = paramv[1] + 1;
    if (now < steps) {
        go_on(depv[0].guid, a, paramv[0], now);
    } else {
        memcpy(result + paramv[0] * own, a, own * sizeof *a);
        ocrDbDestroy(depv[0].guid);
        ocrEventSatisfySlot(ended, NULL_GUID, OCR_EVENT_LATCH_DECR_SLOT);
    }
    return NULL_GUID;
}
EDT(check) {
    UNUSED;
    double *a = malloc(cells * sizeof *a);
    for (u64 i = 0; i < cells; i++) a[i] = start_of(i);
    for (u64 s = 0; s < steps; s++) {
        double before = 0;
        for (u64 i = 0; i < cells; i++) {
            double here = a[i], after = i + 1 < cells ? a[i + 1] : 0;
            a[i] = here + 0.25 * (before - 2 * here + after);
            before = here;
        }
    }
    bool right = memcmp(a, result, cells * sizeof *a) == 0;
    free(a), free(result), free(events), free(linked);
    end("stencil1d", right);
    return NULL_GUID;
}
ocrGuid_t mainEdt(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    UNUSED;
    cells = argument(depv, 1, 400), parts = argument(depv, 2, 8), steps = argument(depv, 3, 50);
    const char *name = ocrGetArgc(depv[0].ptr) > 4 ? ocrGetArgv(depv[0].ptr, 4) : "channel";
    kind = strcmp(name, "sticky") == 0 ? STICKY : strcmp(name, "once") == 0 ? ONCE : CHANNEL;
    if (parts == 0 || cells == 0 || steps == 0 || cells % parts != 0) {
        PRINTF("stencil1d: CELLS must be a multiple of PARTS, and STEPS at least 1\n");
        ocrAbort(2);
        return NULL_GUID;
    }
    own = cells / parts;
    result = malloc(cells * sizeof *result);
    u64 number = 2 * parts * (kind == CHANNEL ? 1 : steps);
    events = malloc(number * sizeof *events);
    for (u64 i = 0; i < number; i++)
        events[i] = kind == CHANNEL ? channel_of(2) : event_of(kind == ONCE ? OCR_EVENT_ONCE_T : OCR_EVENT_STICKY_T);
    if (kind == ONCE) {
        linked = malloc(steps * parts * sizeof *linked);
        for (u64 i = 0; i < steps * parts; i++) linked[i] = linked_step(i % parts, i / parts);
    }
    ocrEventParams_t params;
    params.EVENT_LATCH.counter = parts;
    ocrEventCreateParams(&ended, OCR_EVENT_LATCH_T, EVT_PROP_NONE, &params);
    ocrAddDependence(ended, edt_of(check, 0, NULL, 1, EDT_PROP_NONE, NULL), 0, DB_MODE_NULL);
    for (u64 part = 0; part < parts; part++) {
        double *a;
        ocrGuid_t block = block_of(own * sizeof *a, &a);
        for (u64 i = 0; i < own; i++) a[i] = start_of(part * own + i);
        go_on(block, a, part, 0);
    }
    return NULL_GUID;
}
