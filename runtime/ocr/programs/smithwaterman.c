/* The best local alignment of two made-up strings, by tiles in a wavefront: smithwaterman [LENGTH [TILES]]. A tile passes its last
 * row and its last column on by once events, in blocks. */
#include "common.h"

static u64 length, tiles, width;
static char *texts[2];
static ocrGuid_t *downs, *rights, bests;
static int best;

static int larger(int a, int b) { return a > b ? a : b; }
/* The best without tiles. */
static int plain(void) {
    int *row = calloc(length + 1, sizeof *row), most = 0;
    for (u64 i = 0; i < length; i++) {
        int diagonal = 0;
        for (u64 j = 1; j <= length; j++) {
            int here = larger(0, diagonal + (texts[0][i] == texts[1][j - 1] ? 2 : -1));
            here = larger(here, larger(row[j], row[j - 1]) - 1);
            diagonal = row[j];
            row[j] = here;
            most = larger(most, here);
        }
    }
    free(row);
    return most;
}

EDT(tile) {
    UNUSED;
    u64 i = paramv[0], j = paramv[1];
    /* Each block: what was cells, and before them the corner. */
    int *above = depv[0].ptr, *left = depv[1].ptr, *next_above, *next_left, corner = above[0];
    ocrGuid_t down = block_of((width + 1) * sizeof(int), &next_above), right = block_of((width + 1) * sizeof(int), &next_left);
    int old_left_last = left[width], old_above_last = above[width];
    memcpy(next_above + 1, above + 1, width * sizeof(int));
    int *column = malloc(width * sizeof(int));
    memcpy(column, left + 1, width * sizeof(int));
    int most = 0;
    for (u64 y = 0; y < width; y++) {
        int diagonal = y == 0 ? corner : left[y];
        int before = left[y + 1];
        for (u64 x = 0; x < width; x++) {
            int here = larger(0, diagonal + (texts[0][i * width + y] == texts[1][j * width + x] ? 2 : -1));
            here = larger(here, larger(next_above[x + 1], before) - 1);
            diagonal = next_above[x + 1];
            next_above[x + 1] = before = here;
            most = larger(most, here);
        }
        column[y] = before;
    }
    memcpy(next_left + 1, column, width * sizeof(int));
    free(column);
    next_above[0] = old_left_last;
    next_left[0] = old_above_last;
    int seen = __atomic_load_n(&best, __ATOMIC_RELAXED);
    while (most > seen && !__atomic_compare_exchange_n(&best, &seen, most, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
    ocrDbDestroy(depv[0].guid);
    ocrDbDestroy(depv[1].guid);
    ocrDbRelease(down);
    ocrDbRelease(right);
    if (i + 1 < tiles) ocrEventSatisfy(downs[(i + 1) * tiles + j], down);
    else ocrDbDestroy(down);
    if (j + 1 < tiles) ocrEventSatisfy(rights[i * tiles + j + 1], right);
    else ocrDbDestroy(right);
    ocrEventSatisfySlot(bests, NULL_GUID, OCR_EVENT_LATCH_DECR_SLOT);
    return NULL_GUID;
}
EDT(check) {
    UNUSED;
    bool right = best == plain();
    free(texts[0]), free(texts[1]), free(downs), free(rights);
    end("smithwaterman", right);
    return NULL_GUID;
}

ocrGuid_t mainEdt(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    UNUSED;
    length = argument(depv, 1, 256), tiles = argument(depv, 2, 8);
    if (tiles == 0 || length == 0 || length % tiles != 0) {
        PRINTF("smithwaterman: LENGTH must be a multiple of TILES\n");
        ocrAbort(2);
        return NULL_GUID;
    }
    width = length / tiles;
    u64 state = 12345;
    for (int t = 0; t < 2; t++) {
        texts[t] = malloc(length);
        for (u64 i = 0; i < length; i++) texts[t][i] = "acgt"[next_random(&state) % 4];
    }
    downs = malloc(tiles * tiles * sizeof *downs), rights = malloc(tiles * tiles * sizeof *rights);
    ocrEventParams_t params;
    params.EVENT_LATCH.counter = tiles * tiles;
    ocrEventCreateParams(&bests, OCR_EVENT_LATCH_T, EVT_PROP_NONE, &params);
    ocrAddDependence(bests, edt_of(check, 0, NULL, 1, EDT_PROP_NONE, NULL), 0, DB_MODE_NULL);
    for (u64 at = 0; at < tiles * tiles; at++) downs[at] = event_of(OCR_EVENT_ONCE_T), rights[at] = event_of(OCR_EVENT_ONCE_T);
    for (u64 i = 0; i < tiles; i++)
        for (u64 j = 0; j < tiles; j++) {
            u64 place[2] = {i, j};
            ocrGuid_t edt = edt_of(tile, 2, place, 2, EDT_PROP_NONE, NULL);
            ocrAddDependence(downs[i * tiles + j], edt, 0, DB_MODE_RO);
            ocrAddDependence(rights[i * tiles + j], edt, 1, DB_MODE_RO);
        }
    for (u64 at = 0; at < tiles; at++) {
        int *zeros;
        for (int side = 0; side < 2; side++) {
            ocrGuid_t edge = block_of((width + 1) * sizeof(int), &zeros);
            memset(zeros, 0, (width + 1) * sizeof(int));
            ocrDbRelease(edge);
            ocrEventSatisfy(side ? rights[at * tiles] : downs[at], edge);
        }
    }
    return NULL_GUID;
}
