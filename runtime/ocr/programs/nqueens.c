/* In how many ways queens can stand: nqueens [SIDE]. An EDT for each board with few queens; an idempotent event tells of the
 * first solution, a finish EDT of the end. */
#include "common.h"

static u64 side, solutions;
static ocrGuid_t found;

static u64 count(u64 columns, u64 left, u64 right) {
    u64 all = ((u64)1 << side) - 1, number = 0;
    if (columns == all) return 1;
    for (u64 free_ = all & ~(columns | left | right); free_ != 0; free_ &= free_ - 1) {
        u64 queen = free_ & -free_;
        number += count(columns | queen, (left | queen) << 1 & all, (right | queen) >> 1);
    }
    return number;
}
EDT(place) {
    UNUSED;
    u64 columns = paramv[0], left = paramv[1], right = paramv[2], all = ((u64)1 << side) - 1;
    if (paramv[3] == 0) {
        u64 here = count(columns, left, right);
        if (here > 0) ocrEventSatisfy(found, NULL_GUID);
        __atomic_fetch_add(&solutions, here, __ATOMIC_RELAXED);
        return NULL_GUID;
    }
    for (u64 free_ = all & ~(columns | left | right); free_ != 0; free_ &= free_ - 1) {
        u64 queen = free_ & -free_, next[4] = {columns | queen, (left | queen) << 1 & all, (right | queen) >> 1, paramv[3] - 1};
        ocrAddDependence(NULL_GUID, edt_of(place, 4, next, 1, EDT_PROP_NONE, NULL), 0, DB_MODE_NULL);
    }
    return NULL_GUID;
}
EDT(check) {
    UNUSED;
    static const u64 known[] = {1, 1, 0, 0, 2, 10, 4, 40, 92, 352, 724, 2680, 14200, 73712, 365596};
    end("nqueens", side < sizeof known / sizeof *known && solutions == known[side]);
    return NULL_GUID;
}
ocrGuid_t mainEdt(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    UNUSED;
    side = argument(depv, 1, 9);
    u64 start[4] = {0, 0, 0, side < 3 ? side : 3};
    ocrGuid_t ended, edt = edt_of(place, 4, start, 1, EDT_PROP_FINISH, &ended), last = edt_of(check, 0, NULL, 2, EDT_PROP_NONE, NULL);
    found = event_of(OCR_EVENT_IDEM_T);
    ocrAddDependence(ended, last, 0, DB_MODE_NULL);
    ocrAddDependence(found, last, 1, DB_MODE_NULL);
    ocrAddDependence(NULL_GUID, edt, 0, DB_MODE_NULL);
    return NULL_GUID;
}
