/* Breadth-first search in a made-up graph: bfs [VERTICES [DEGREE [PARTS]]]. In each level an EDT for each part of the vertices claims
 * what it reaches; a finish EDT ends the level. All write one block, together. */
#include "common.h"

static u64 vertices, degree, parts;
static u32 *edges;
static ocrGuid_t levels;
#define FAR UINT32_MAX

EDT(expand) {
    UNUSED;
    u32 *level = depv[0].ptr, now = (u32)paramv[1];
    u64 first = paramv[0] * vertices / parts, last = (paramv[0] + 1) * vertices / parts;
    for (u64 v = first; v < last; v++) {
        if (__atomic_load_n(&level[v], __ATOMIC_RELAXED) != now) continue;
        for (u64 e = 0; e < degree; e++) {
            u32 far = FAR, to = edges[v * degree + e];
            if (__atomic_compare_exchange_n(&level[to], &far, now + 1, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
                __atomic_fetch_add(&level[vertices], 1, __ATOMIC_RELAXED);
        }
    }
    return NULL_GUID;
}
EDT(level_) {
    UNUSED;
    for (u64 part = 0; part < parts; part++) {
        u64 params[2] = {part, paramv[0]};
        ocrAddDependence(levels, edt_of(expand, 2, params, 1, EDT_PROP_NONE, NULL), 0, DB_MODE_RW);
    }
    return NULL_GUID;
}
static void check(u32 *level) {
    u32 *plain = malloc(vertices * sizeof *plain), *queue = malloc(vertices * sizeof *queue);
    u64 first = 0, last = 0;
    for (u64 v = 0; v < vertices; v++) plain[v] = FAR;
    plain[0] = 0, queue[last++] = 0;
    while (first < last) {
        u32 v = queue[first++];
        for (u64 e = 0; e < degree; e++) {
            u32 to = edges[v * degree + e];
            if (plain[to] == FAR) plain[to] = plain[v] + 1, queue[last++] = to;
        }
    }
    bool right = memcmp(plain, level, vertices * sizeof *plain) == 0;
    free(plain), free(queue), free(edges);
    end("bfs", right);
}
EDT(next_level) {
    UNUSED;
    u32 *level = depv[1].ptr;
    if (paramv[0] > 0 && level[vertices] == 0) {
        check(level);
        return NULL_GUID;
    }
    level[vertices] = 0;
    u64 now = paramv[0], next = now + 1;
    ocrDbRelease(depv[1].guid);
    ocrGuid_t ended, edt = edt_of(level_, 1, &now, 1, EDT_PROP_FINISH, &ended), after = edt_of(next_level, 1, &next, 2, EDT_PROP_NONE, NULL);
    ocrAddDependence(ended, after, 0, DB_MODE_NULL);
    ocrAddDependence(levels, after, 1, DB_MODE_EW);
    ocrAddDependence(NULL_GUID, edt, 0, DB_MODE_NULL);
    return NULL_GUID;
}
ocrGuid_t mainEdt(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    UNUSED;
    vertices = argument(depv, 1, 5000), degree = argument(depv, 2, 4), parts = argument(depv, 3, 8);
    u64 state = 4711, zero = 0;
    edges = malloc(vertices * degree * sizeof *edges);
    for (u64 e = 0; e < vertices * degree; e++) edges[e] = (u32)(next_random(&state) % vertices);
    u32 *level;
    levels = block_of((vertices + 1) * sizeof *level, &level);
    for (u64 v = 0; v < vertices; v++) level[v] = FAR;
    level[0] = 0;
    ocrDbRelease(levels);
    ocrGuid_t first = edt_of(next_level, 1, &zero, 2, EDT_PROP_NONE, NULL);
    ocrAddDependence(NULL_GUID, first, 0, DB_MODE_NULL);
    ocrAddDependence(levels, first, 1, DB_MODE_EW);
    return NULL_GUID;
}
