/* The nodes of an unbalanced tree: uts [SEED [ROOTS]]. How many children a node has follows from its hash; an EDT for each node
 * near the root, counted by a finish EDT. */
#include "common.h"

static u64 nodes;
/* How many children, by the node's hash: mostly none, now and then eight. */
static u64 children(u64 hash) { return hash % 1000 < 118 ? 8 : 0; }
static u64 child(u64 hash, u64 at) {
    hash ^= (at + 1) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 33, hash *= 0xff51afd7ed558ccdu, hash ^= hash >> 33;
    return hash;
}
static u64 count(u64 hash, int depth) {
    u64 number = 1;
    for (u64 i = 0; i < children(hash) && depth < 500; i++) number += count(child(hash, i), depth + 1);
    return number;
}
EDT(visit) {
    UNUSED;
    u64 hash = paramv[0], depth = paramv[1], few = paramv[2] > 0 ? paramv[2] : children(hash);
    __atomic_fetch_add(&nodes, 1, __ATOMIC_RELAXED);
    for (u64 i = 0; i < few && depth < 500; i++) {
        u64 next[3] = {child(hash, i), depth + 1, 0};
        edt_of(visit, 3, next, 0, EDT_PROP_NONE, NULL);
    }
    return NULL_GUID;
}
EDT(start) {
    UNUSED;
    u64 root[3] = {paramv[0], 0, paramv[1]};
    edt_of(visit, 3, root, 0, EDT_PROP_NONE, NULL);
    return NULL_GUID;
}
EDT(check) {
    UNUSED;
    u64 expected = 1;
    for (u64 i = 0; i < paramv[1]; i++) expected += count(child(paramv[0], i), 1);
    PRINTF("%" PRIu64 " nodes\n", nodes);
    end("uts", nodes == expected);
    return NULL_GUID;
}
ocrGuid_t mainEdt(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    UNUSED;
    u64 params[2] = {argument(depv, 1, 42), argument(depv, 2, 200)};
    ocrGuid_t ended, edt = edt_of(start, 2, params, 1, EDT_PROP_FINISH, &ended);
    ocrAddDependence(ended, edt_of(check, 2, params, 1, EDT_PROP_NONE, NULL), 0, DB_MODE_NULL);
    ocrAddDependence(NULL_GUID, edt, 0, DB_MODE_NULL);
    return NULL_GUID;
}
