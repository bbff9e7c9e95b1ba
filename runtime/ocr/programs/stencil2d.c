/* Heat on a plate: stencil2d [CELLS [TILES [STEPS [sticky|once|channel]]]], both CELLS and TILES in each direction. Tiles pass the
 * cells at their edges to their neighbours in blocks, by events of the kind that is asked for:
 *   sticky   an event for each edge and step, made under a label by whoever comes first;
 *   once     a tile makes its events one step ahead, and tells its neighbours of them together with its cells;
 *   channel  an event for each edge, used again in each step. */
#include "common.h"

enum { STICKY, ONCE, CHANNEL };
enum { NORTH, SOUTH, WEST, EAST, SIDES };
static u64 cells, tiles, steps, own;
static int kind;
static ocrGuid_t *channels, labels, ended;
static double *result;

/* A tile, with what its neighbours sent around it. Of use with once events alone: its EDT of the next step, and where its
 * neighbours wait for what it sends next. */
typedef struct {
    ocrGuid_t next, to[SIDES];
    double cell[];
} tile_t;
/* Cells at an edge, and the event that the neighbour is to satisfy next. */
typedef struct {
    ocrGuid_t reply;
    double cell[];
} message_t;

static bool has(u64 tile, int side) {
    u64 row = tile / tiles, column = tile % tiles;
    return side == NORTH ? row > 0 : side == SOUTH ? row + 1 < tiles : side == WEST ? column > 0 : column + 1 < tiles;
}
static u64 neighbour(u64 tile, int side) {
    return side == NORTH ? tile - tiles : side == SOUTH ? tile + tiles : side == WEST ? tile - 1 : tile + 1;
}
static int opposite(int side) { return side ^ 1; }
static u64 place(u64 row, u64 column) { return row * (own + 2) + column; }
static u64 at_edge(int side, u64 i, u64 inside) {
    u64 last = own + 1 - inside;
    return side == NORTH ? place(inside, i + 1) : side == SOUTH ? place(last, i + 1) : side == WEST ? place(i + 1, inside) : place(i + 1, last);
}
static double start_of(u64 row, u64 column) { return (double)((row * 7919 + column * 104729) % 1000); }

/* The event by which a tile's cells at this side come in this step, if not by once events. */
static ocrGuid_t event_at(u64 tile, int side, u64 step) {
    if (kind == CHANNEL) return channels[tile * SIDES + (u64)side];
    ocrGuid_t event;
    ocrGuidFromIndex(&event, labels, (step * tiles * tiles + tile) * SIDES + (u64)side);
    u8 code = ocrEventCreate(&event, OCR_EVENT_STICKY_T, GUID_PROP_CHECK | EVT_PROP_TAKES_ARG);
    if (code != 0 && code != OCR_EGUIDEXISTS) ocrAbort(2);
    return event;
}

EDT(step);
static ocrGuid_t step_of(u64 tile, u64 now) {
    u64 params[2] = {tile, now};
    return edt_of(step, 2, params, 1 + SIDES, EDT_PROP_NONE, NULL);
}
static void nothing_from(ocrGuid_t edt, int side) { ocrAddDependence(NULL_GUID, edt, 1 + (u32)side, DB_MODE_NULL); }
/* The EDT of a step that waits for new once events. */
static ocrGuid_t ahead(u64 tile, u64 now, ocrGuid_t events[SIDES]) {
    ocrGuid_t edt = step_of(tile, now);
    for (int side = 0; side < SIDES; side++) {
        events[side] = NULL_GUID;
        if (has(tile, side)) {
            events[side] = event_of(OCR_EVENT_ONCE_T);
            ocrAddDependence(events[side], edt, 1 + (u32)side, DB_MODE_RO);
        } else {
            nothing_from(edt, side);
        }
    }
    return edt;
}
/* Sends a tile's edges, and hands it to its next step. */
static void go_on(ocrGuid_t block, tile_t *t, u64 tile, u64 now) {
    ocrGuid_t replies[SIDES] = {NULL_GUID, NULL_GUID, NULL_GUID, NULL_GUID}, here;
    if (kind == ONCE) {
        here = t->next;
        /* Linked before anybody is told of its events. */
        if (now + 1 < steps) t->next = ahead(tile, now + 1, replies);
    } else {
        here = step_of(tile, now);
    }
    for (int side = 0; side < SIDES; side++) {
        if (!has(tile, side)) {
            if (kind != ONCE) nothing_from(here, side);
            continue;
        }
        message_t *message;
        ocrGuid_t sent = block_of(sizeof *message + own * sizeof(double), &message);
        message->reply = replies[side];
        for (u64 i = 0; i < own; i++) message->cell[i] = t->cell[at_edge(side, i, 1)];
        ocrDbRelease(sent);
        ocrEventSatisfy(kind == ONCE ? t->to[side] : event_at(tile, side, now), sent);
        if (kind != ONCE) ocrAddDependence(event_at(neighbour(tile, side), opposite(side), now), here, 1 + (u32)side, DB_MODE_RO);
    }
    ocrDbRelease(block);
    ocrAddDependence(block, here, 0, DB_MODE_EW);
}
EDT(step) {
    UNUSED;
    tile_t *t = depv[0].ptr;
    u64 tile = paramv[0], now = paramv[1];
    for (int side = 0; side < SIDES; side++) {
        message_t *message = depv[1 + side].ptr;
        if (message == NULL) continue;
        for (u64 i = 0; i < own; i++) t->cell[at_edge(side, i, 0)] = message->cell[i];
        t->to[side] = message->reply;
        ocrDbDestroy(depv[1 + side].guid);
        if (kind == STICKY) ocrEventDestroy(event_at(neighbour(tile, side), opposite(side), now));
    }
    double *new = malloc(own * own * sizeof *new);
    for (u64 row = 1; row <= own; row++)
        for (u64 column = 1; column <= own; column++) {
            double *here = &t->cell[place(row, column)];
            new[(row - 1) * own + column - 1] = *here + 0.2 * (here[-(s64)(own + 2)] + here[own + 2] + here[-1] + here[1] - 4 * *here);
        }
    for (u64 row = 0; row < own; row++) memcpy(&t->cell[place(row + 1, 1)], new + row * own, own * sizeof *new);
    free(new);
    if (now + 1 < steps) {
        go_on(depv[0].guid, t, tile, now + 1);
        return NULL_GUID;
    }
    for (u64 row = 0; row < own; row++)
        memcpy(result + (tile / tiles * own + row) * cells + tile % tiles * own, &t->cell[place(row + 1, 1)], own * sizeof *result);
    ocrDbDestroy(depv[0].guid);
    ocrEventSatisfySlot(ended, NULL_GUID, OCR_EVENT_LATCH_DECR_SLOT);
    return NULL_GUID;
}
EDT(check) {
    UNUSED;
    u64 wide = cells + 2;
    double *a = calloc(wide * wide, sizeof *a), *b = calloc(wide * wide, sizeof *b);
    for (u64 row = 0; row < cells; row++)
        for (u64 column = 0; column < cells; column++) a[(row + 1) * wide + column + 1] = start_of(row, column);
    for (u64 s = 0; s < steps; s++) {
        for (u64 row = 1; row <= cells; row++)
            for (u64 column = 1; column <= cells; column++) {
                double *here = a + row * wide + column;
                b[row * wide + column] = *here + 0.2 * (here[-(s64)wide] + here[wide] + here[-1] + here[1] - 4 * *here);
            }
        double *swap = a;
        a = b, b = swap;
    }
    bool right = true;
    for (u64 row = 0; row < cells; row++)
        right = right && memcmp(a + (row + 1) * wide + 1, result + row * cells, cells * sizeof *a) == 0;
    for (u64 i = 0; kind == CHANNEL && i < tiles * tiles * SIDES; i++) ocrEventDestroy(channels[i]);
    if (kind == STICKY) ocrGuidMapDestroy(labels);
    free(a), free(b), free(result), free(channels);
    end("stencil2d", right);
    return NULL_GUID;
}
ocrGuid_t mainEdt(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    UNUSED;
    cells = argument(depv, 1, 64), tiles = argument(depv, 2, 4), steps = argument(depv, 3, 30);
    const char *name = ocrGetArgc(depv[0].ptr) > 4 ? ocrGetArgv(depv[0].ptr, 4) : "once";
    kind = strcmp(name, "sticky") == 0 ? STICKY : strcmp(name, "channel") == 0 ? CHANNEL : ONCE;
    if (tiles == 0 || cells == 0 || steps == 0 || cells % tiles != 0) {
        PRINTF("stencil2d: CELLS must be a multiple of TILES, and STEPS at least 1\n");
        ocrAbort(2);
        return NULL_GUID;
    }
    own = cells / tiles;
    u64 number = tiles * tiles;
    result = malloc(cells * cells * sizeof *result);
    if (kind == CHANNEL) {
        channels = malloc(number * SIDES * sizeof *channels);
        for (u64 i = 0; i < number * SIDES; i++) channels[i] = channel_of(2);
    }
    if (kind == STICKY) ocrGuidRangeCreate(&labels, steps * number * SIDES, GUID_USER_EVENT_STICKY);
    ocrEventParams_t params;
    params.EVENT_LATCH.counter = number;
    ocrEventCreateParams(&ended, OCR_EVENT_LATCH_T, EVT_PROP_NONE, &params);
    ocrAddDependence(ended, edt_of(check, 0, NULL, 1, EDT_PROP_NONE, NULL), 0, DB_MODE_NULL);
    ocrGuid_t *blocks = malloc(number * sizeof *blocks), (*first)[SIDES] = malloc(number * sizeof *first);
    tile_t **all = malloc(number * sizeof(*all));
    for (u64 tile = 0; tile < number; tile++) {
        u64 bytes = sizeof(tile_t) + (own + 2) * (own + 2) * sizeof(double);
        blocks[tile] = block_of(bytes, &all[tile]);
        memset(all[tile], 0, bytes);
        for (u64 row = 0; row < own; row++)
            for (u64 column = 0; column < own; column++)
                all[tile]->cell[place(row + 1, column + 1)] = start_of(tile / tiles * own + row, tile % tiles * own + column);
        if (kind == ONCE) all[tile]->next = ahead(tile, 0, first[tile]);
    }
    for (u64 tile = 0; tile < number; tile++) {
        for (int side = 0; kind == ONCE && side < SIDES; side++)
            if (has(tile, side)) all[tile]->to[side] = first[neighbour(tile, side)][opposite(side)];
        go_on(blocks[tile], all[tile], tile, 0);
    }
    free(blocks), free(first), free(all);
    return NULL_GUID;
}
