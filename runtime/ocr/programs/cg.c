/* Conjugate gradients for a chain of springs: cg [UNKNOWNS [RANKS]]. Each rank has a part of the vectors; dot products are
 * collective events, cells at the edges go to the neighbours through channels that the ranks find by labels. */
#include "common.h"

static u64 unknowns, ranks, own;
static ocrGuid_t dots, edges_, ended;
static double *solution;

/* What a rank keeps: its number, the residual's square, and its parts of x, r, p and A p. */
typedef struct {
    u64 rank, round;
    double square;
    double vectors[];
} state_t;
#define X(s_) ((s_)->vectors)
#define R(s_) ((s_)->vectors + own)
#define P(s_) ((s_)->vectors + 2 * own)
#define Q(s_) ((s_)->vectors + 3 * own)

static double dot(const double *a, const double *b) {
    double sum = 0;
    for (u64 i = 0; i < own; i++) sum += a[i] * b[i];
    return sum;
}
/* Where a rank's edge goes: to the right neighbour (0), to the left one (1). */
static ocrGuid_t edge(u64 rank, u64 to) {
    ocrGuid_t guid;
    ocrGuidFromIndex(&guid, edges_, rank * 2 + to);
    return guid;
}
/* Contributes to a dot product; the sum comes on slot 1 of an EDT that goes on. */
static void reduce(state_t *s, ocrGuid_t block, double part, ocrEdt_t function) {
    ocrGuid_t next = edt_of(function, 0, NULL, 2, EDT_PROP_NONE, NULL);
    u32 rank = (u32)s->rank;
    ocrDbRelease(block);
    ocrAddDependence(block, next, 0, DB_MODE_RW);
    ocrAddDependenceSlot(dots, rank, next, 1, DB_MODE_RO);
    ocrEventCollectiveSatisfySlot(dots, &part, rank);
}
EDT(multiply);
static void exchange(state_t *s, ocrGuid_t block) {
    ocrGuid_t next = edt_of(multiply, 0, NULL, 3, EDT_PROP_NONE, NULL), one;
    u64 rank = s->rank;
    double *cell, out[2] = {P(s)[own - 1], P(s)[0]};
    ocrDbRelease(block);
    for (u64 to = 0; to < 2; to++) {
        if (to == 0 ? rank + 1 == ranks : rank == 0) continue;
        one = block_of(sizeof *cell, &cell);
        *cell = out[to];
        ocrDbRelease(one);
        ocrEventSatisfy(edge(rank, to), one);
    }
    ocrAddDependence(rank == 0 ? NULL_GUID : edge(rank - 1, 0), next, 1, DB_MODE_RO);
    ocrAddDependence(rank + 1 == ranks ? NULL_GUID : edge(rank + 1, 1), next, 2, DB_MODE_RO);
    ocrAddDependence(block, next, 0, DB_MODE_RW);
}
EDT(go_on) {
    UNUSED;
    state_t *s = depv[0].ptr;
    double square = *(double *)depv[1].ptr, beta = square / s->square;
    s->square = square;
    s->round++;
    if (square < 1e-20 || s->round > 4 * unknowns) {
        memcpy(solution + s->rank * own, X(s), own * sizeof(double));
        ocrEventSatisfySlot(ended, NULL_GUID, OCR_EVENT_LATCH_DECR_SLOT);
        return NULL_GUID;
    }
    for (u64 i = 0; i < own; i++) P(s)[i] = R(s)[i] + beta * P(s)[i];
    exchange(s, depv[0].guid);
    return NULL_GUID;
}
EDT(advance) {
    UNUSED;
    state_t *s = depv[0].ptr;
    double alpha = s->square / *(double *)depv[1].ptr;
    for (u64 i = 0; i < own; i++) X(s)[i] += alpha * P(s)[i], R(s)[i] -= alpha * Q(s)[i];
    reduce(s, depv[0].guid, dot(R(s), R(s)), go_on);
    return NULL_GUID;
}
EDT(multiply) {
    UNUSED;
    state_t *s = depv[0].ptr;
    double before = depv[1].ptr ? *(double *)depv[1].ptr : 0, behind = depv[2].ptr ? *(double *)depv[2].ptr : 0;
    for (u64 i = 0; i < own; i++)
        Q(s)[i] = 2.1 * P(s)[i] - (i > 0 ? P(s)[i - 1] : before) - (i + 1 < own ? P(s)[i + 1] : behind);
    for (int slot = 1; slot <= 2; slot++)
        if (depv[slot].ptr != NULL) ocrDbDestroy(depv[slot].guid);
    reduce(s, depv[0].guid, dot(P(s), Q(s)), advance);
    return NULL_GUID;
}
EDT(begin) {
    UNUSED;
    state_t *s = depv[0].ptr;
    s->square = *(double *)depv[1].ptr;
    exchange(s, depv[0].guid);
    return NULL_GUID;
}
EDT(check) {
    UNUSED;
    double worst = 0;
    for (u64 i = 0; i < unknowns; i++) {
        double before = i > 0 ? solution[i - 1] : 0, behind = i + 1 < unknowns ? solution[i + 1] : 0;
        worst = fmax(worst, fabs(2.1 * solution[i] - before - behind - 1));
    }
    free(solution);
    end("cg", worst < 1e-8);
    return NULL_GUID;
}
ocrGuid_t mainEdt(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    UNUSED;
    unknowns = argument(depv, 1, 240), ranks = argument(depv, 2, 6);
    if (ranks == 0 || unknowns == 0 || unknowns % ranks != 0) {
        PRINTF("cg: UNKNOWNS must be a multiple of RANKS\n");
        ocrAbort(2);
        return NULL_GUID;
    }
    own = unknowns / ranks;
    solution = malloc(unknowns * sizeof *solution);
    ocrEventParams_t params;
    memset(&params, 0, sizeof params);
    params.EVENT_COLLECTIVE.maxGen = 4, params.EVENT_COLLECTIVE.nbContribs = params.EVENT_COLLECTIVE.nbContribsPd = (u32)ranks;
    params.EVENT_COLLECTIVE.nbDatum = 1, params.EVENT_COLLECTIVE.op = REDOP_F8_ADD, params.EVENT_COLLECTIVE.type = COL_ALLREDUCE;
    ocrEventCreateParams(&dots, OCR_EVENT_COLLECTIVE_T, EVT_PROP_NONE, &params);
    ocrGuidRangeCreate(&edges_, 2 * ranks, GUID_USER_EVENT_CHANNEL);
    params.EVENT_CHANNEL.maxGen = 4, params.EVENT_CHANNEL.nbSat = params.EVENT_CHANNEL.nbDeps = 1;
    for (u64 at = 0; at < 2 * ranks; at++) {
        ocrGuid_t guid = edge(at / 2, at % 2);
        ocrEventCreateParams(&guid, OCR_EVENT_CHANNEL_T, GUID_PROP_CHECK | EVT_PROP_TAKES_ARG, &params);
    }
    params.EVENT_LATCH.counter = ranks;
    ocrEventCreateParams(&ended, OCR_EVENT_LATCH_T, EVT_PROP_NONE, &params);
    ocrAddDependence(ended, edt_of(check, 0, NULL, 1, EDT_PROP_NONE, NULL), 0, DB_MODE_NULL);
    for (u64 rank = 0; rank < ranks; rank++) {
        state_t *s;
        ocrGuid_t block = block_of(sizeof *s + 4 * own * sizeof(double), &s);
        memset(s, 0, sizeof *s + 4 * own * sizeof(double));
        s->rank = rank;
        for (u64 i = 0; i < own; i++) R(s)[i] = P(s)[i] = 1;
        reduce(s, block, dot(R(s), R(s)), begin);
    }
    return NULL_GUID;
}
