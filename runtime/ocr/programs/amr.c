/* Something that is carried across a square, on patches that are as fine as it needs: amr [PATCHES [CELLS [STEPS]]]. There are
 * PATCHES in each of two directions, of CELLS in each direction at the coarsest; where it is steep a patch has twice or four times
 * as many. A patch's block is another one in each step, since it may be larger or smaller; the EDT returns it, and a counted event
 * takes it to the patch itself and its neighbours. The events have labels: whoever needs one first makes it. */
#include "common.h"

enum { NORTH, SOUTH, WEST, EAST, SIDES, FINEST = 2 };
/* What a patch is in one step; the cells lie behind. `before` is its block of the step before, which nobody needs any more. */
typedef struct {
    ocrGuid_t before;
    u64 side;
    double cell[];
} patch_t;
/* How often a patch became finer or coarser. */
typedef struct {
    u64 refined, coarsened;
} counts_t;

static u64 patches, coarsest, steps;
static ocrGuid_t labels, ended;
static patch_t **result;
static counts_t counted;

static u64 neighbour(u64 patch, int side) {
    u64 row = patch / patches, column = patch % patches;
    if (side == NORTH || side == SOUTH) row = (row + (side == NORTH ? patches - 1 : 1)) % patches;
    else column = (column + (side == WEST ? patches - 1 : 1)) % patches;
    return row * patches + column;
}
static u64 bytes_of(u64 side) { return sizeof(patch_t) + side * side * sizeof(double); }
static double start_of(double y, double x) {
    double off = (x - 0.3) * (x - 0.3) + (y - 0.4) * (y - 0.4);
    return off < 0.03 ? 1 - off / 0.03 : 0;
}
static void begin_patch(patch_t *to, u64 patch) {
    to->before = NULL_GUID, to->side = coarsest;
    double width = 1.0 / (double)(patches * coarsest);
    for (u64 i = 0; i < coarsest * coarsest; i++)
        to->cell[i] = start_of(((double)(patch / patches * coarsest + i / coarsest) + 0.5) * width,
                               ((double)(patch % patches * coarsest + i % coarsest) + 0.5) * width);
}
/* What a neighbour to the north or west has at its edge, for cell `at` of `of`. */
static double edge_of(const patch_t *from, int side, u64 at, u64 of) {
    u64 first = at * from->side / of, count = from->side > of ? from->side / of : 1, last = from->side - 1;
    double sum = 0;
    for (u64 i = first; i < first + count; i++) sum += side == NORTH ? from->cell[last * from->side + i] : from->cell[i * from->side + last];
    return sum / (double)count;
}
/* One step of a patch: carried to the south-east, as far as all levels bear it. */
static void carry(const patch_t *from, const patch_t *const around[SIDES], double *to) {
    u64 side = from->side;
    double speed = 0.4 * (double)side / (double)(coarsest << FINEST);
    for (u64 row = 0; row < side; row++)
        for (u64 column = 0; column < side; column++) {
            double here = from->cell[row * side + column];
            double north = row > 0 ? from->cell[(row - 1) * side + column] : edge_of(around[NORTH], NORTH, column, side);
            double west = column > 0 ? from->cell[row * side + column - 1] : edge_of(around[WEST], WEST, row, side);
            to[row * side + column] = here - speed * (here - north) - speed * (here - west);
        }
}
/* How steep it is, the edges to all neighbours included. */
static double steepness(const patch_t *from, const patch_t *const around[SIDES]) {
    u64 side = from->side;
    double most = 0;
    for (u64 i = 0; i < side; i++) {
        most = fmax(most, fabs(from->cell[i] - edge_of(around[NORTH], NORTH, i, side)));
        most = fmax(most, fabs(from->cell[i * side] - edge_of(around[WEST], WEST, i, side)));
        for (u64 j = 1; j < side; j++) {
            most = fmax(most, fabs(from->cell[i * side + j] - from->cell[i * side + j - 1]));
            most = fmax(most, fabs(from->cell[j * side + i] - from->cell[(j - 1) * side + i]));
        }
    }
    /* What comes from here is about to arrive there, so that has to be as fine. */
    for (int k = 0; k < SIDES; k++)
        if (around[k]->side > side) most = fmax(most, 0.05);
    return most * (double)side / (double)coarsest;
}
static u64 next_side(u64 side, double steep) {
    if (steep > 0.2 && side < coarsest << FINEST) return side * 2;
    if (steep < 0.02 && side > coarsest) return side / 2;
    return side;
}
/* The same cells at another level. */
static void regrid(const double *from, u64 side, patch_t *to) {
    for (u64 row = 0; row < to->side; row++)
        for (u64 column = 0; column < to->side; column++) {
            double *cell = &to->cell[row * to->side + column];
            if (to->side >= side) {
                u64 by = to->side / side;
                *cell = from[row / by * side + column / by];
            } else {
                const double *first = &from[2 * row * side + 2 * column];
                *cell = (first[0] + first[1] + first[side] + first[side + 1]) / 4;
            }
        }
}
static u64 side_after(const patch_t *from, const patch_t *const around[SIDES]) { return next_side(from->side, steepness(from, around)); }
static void count_level(counts_t *counts, u64 before, u64 after) {
    if (after > before) __atomic_fetch_add(&counts->refined, 1, __ATOMIC_RELAXED);
    if (after < before) __atomic_fetch_add(&counts->coarsened, 1, __ATOMIC_RELAXED);
}

/* The event that brings a patch as it is before this step: to itself and to its neighbours. */
static ocrGuid_t event_at(u64 patch, u64 step) {
    ocrGuid_t event;
    ocrEventParams_t params;
    params.EVENT_COUNTED.nbDeps = 1 + SIDES;
    ocrGuidFromIndex(&event, labels, step * patches * patches + patch);
    u8 code = ocrEventCreateParams(&event, OCR_EVENT_COUNTED_T, GUID_PROP_CHECK | EVT_PROP_TAKES_ARG, &params);
    if (code != 0 && code != OCR_EGUIDEXISTS) ocrAbort(2);
    return event;
}
EDT(advance);
/* The patch's EDT of a step; what it returns goes to the patch's next event. */
static void create_step(u64 patch, u64 now) {
    u64 params[2] = {patch, now};
    ocrGuid_t template_, edt, output = now < steps ? event_at(patch, now + 1) : NULL_GUID;
    ocrEdtTemplateCreate(&template_, advance, 2, 1 + SIDES);
    u16 properties = now < steps ? EDT_PROP_OEVT_VALID : EDT_PROP_NONE;
    if (ocrEdtCreate(&edt, template_, 2, params, EDT_PARAM_DEF, NULL, properties, NULL_HINT, now < steps ? &output : NULL) != 0) ocrAbort(2);
    ocrEdtTemplateDestroy(template_);
    ocrAddDependence(event_at(patch, now), edt, 0, DB_MODE_RO);
    for (int side = 0; side < SIDES; side++) ocrAddDependence(event_at(neighbour(patch, side), now), edt, 1 + (u32)side, DB_MODE_RO);
}
EDT(advance) {
    UNUSED;
    u64 patch = paramv[0], now = paramv[1];
    const patch_t *from = depv[0].ptr, *around[SIDES];
    for (int side = 0; side < SIDES; side++) around[side] = depv[1 + side].ptr;
    /* All who read it have ended: this patch's own neighbours have come from there. */
    if (!ocrGuidIsNull(from->before)) ocrDbDestroy(from->before);
    if (now == steps) {
        result[patch] = malloc(bytes_of(from->side));
        memcpy(result[patch], from, bytes_of(from->side));
        result[patch]->before = depv[0].guid;
        ocrEventSatisfySlot(ended, NULL_GUID, OCR_EVENT_LATCH_DECR_SLOT);
        return NULL_GUID;
    }
    double *cells = malloc(from->side * from->side * sizeof *cells);
    carry(from, around, cells);
    patch_t *next;
    u64 side = side_after(from, around);
    ocrGuid_t block = block_of(bytes_of(side), &next);
    next->before = depv[0].guid, next->side = side;
    regrid(cells, from->side, next);
    free(cells);
    count_level(&counted, from->side, side);
    create_step(patch, now + 1);
    ocrDbRelease(block);
    return block;
}
EDT(check) {
    UNUSED;
    u64 number = patches * patches, cells = 0;
    counts_t counts = {0, 0};
    patch_t **now = malloc(number * sizeof(*now)), **next = malloc(number * sizeof(*next));
    for (u64 p = 0; p < number; p++) now[p] = malloc(bytes_of(coarsest)), begin_patch(now[p], p);
    for (u64 s = 0; s < steps; s++) {
        for (u64 p = 0; p < number; p++) {
            const patch_t *around[SIDES];
            for (int side = 0; side < SIDES; side++) around[side] = now[neighbour(p, side)];
            double *to = malloc(now[p]->side * now[p]->side * sizeof *to);
            carry(now[p], around, to);
            u64 side = side_after(now[p], around);
            next[p] = malloc(bytes_of(side));
            next[p]->side = side;
            regrid(to, now[p]->side, next[p]);
            free(to);
            count_level(&counts, now[p]->side, side);
        }
        for (u64 p = 0; p < number; p++) free(now[p]), now[p] = next[p];
    }
    bool right = counts.refined == counted.refined && counts.coarsened == counted.coarsened;
    for (u64 p = 0; p < number; p++) {
        u64 side = now[p]->side;
        right = right && result[p]->side == side && memcmp(result[p]->cell, now[p]->cell, side * side * sizeof(double)) == 0;
        cells += side * side;
        ocrDbDestroy(result[p]->before);
        free(now[p]), free(result[p]);
    }
    free(now), free(next), free(result);
    ocrGuidMapDestroy(labels);
    PRINTF("refined %" PRIu64 " times, coarsened %" PRIu64 " times, %" PRIu64 " cells at the end\n", counts.refined, counts.coarsened, cells);
    end("amr", right);
    return NULL_GUID;
}
ocrGuid_t mainEdt(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    UNUSED;
    patches = argument(depv, 1, 6), coarsest = argument(depv, 2, 8), steps = argument(depv, 3, 120);
    if (patches == 0 || coarsest == 0) {
        PRINTF("amr: at least one of PATCHES and CELLS\n");
        ocrAbort(2);
        return NULL_GUID;
    }
    u64 number = patches * patches;
    result = malloc(number * sizeof(*result));
    ocrGuidRangeCreate(&labels, (steps + 1) * number, GUID_USER_EVENT_COUNTED);
    ocrEventParams_t params;
    params.EVENT_LATCH.counter = number;
    ocrEventCreateParams(&ended, OCR_EVENT_LATCH_T, EVT_PROP_NONE, &params);
    ocrAddDependence(ended, edt_of(check, 0, NULL, 1, EDT_PROP_NONE, NULL), 0, DB_MODE_NULL);
    for (u64 patch = 0; patch < number; patch++) create_step(patch, 0);
    for (u64 patch = 0; patch < number; patch++) {
        patch_t *first;
        ocrGuid_t block = block_of(bytes_of(coarsest), &first);
        begin_patch(first, patch);
        ocrDbRelease(block);
        ocrEventSatisfy(event_at(patch, 0), block);
    }
    return NULL_GUID;
}
