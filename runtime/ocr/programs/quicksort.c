/* Sorts made-up numbers: quicksort [COUNT]. A part that is long is cut, and its two sides are sorted by EDTs of a finish EDT; all
 * write the same block, each its own range. */
#include "common.h"

static u64 number, sum;
static int compare(const void *a, const void *b) {
    u64 x = *(const u64 *)a, y = *(const u64 *)b;
    return (x > y) - (x < y);
}
EDT(sort) {
    UNUSED;
    u64 *all = depv[0].ptr, first = paramv[0], last = paramv[1];
    if (last - first < 64) {
        qsort(all + first, last - first, sizeof *all, compare);
        return NULL_GUID;
    }
    u64 pivot = all[(first + last) / 2], i = first, j = last - 1;
    for (;; i++, j--) {
        while (all[i] < pivot) i++;
        while (all[j] > pivot) j--;
        if (i >= j) break;
        u64 other = all[i];
        all[i] = all[j], all[j] = other;
    }
    u64 parts[2][2] = {{first, j + 1}, {j + 1, last}};
    for (int side = 0; side < 2; side++) {
        ocrGuid_t edt = edt_of(sort, 2, parts[side], 1, EDT_PROP_NONE, NULL);
        ocrAddDependence(depv[0].guid, edt, 0, DB_MODE_RW);
    }
    return NULL_GUID;
}
EDT(check) {
    UNUSED;
    u64 *all = depv[1].ptr, found = 0;
    bool right = true;
    for (u64 i = 0; i < number; i++) {
        right = right && (i == 0 || all[i - 1] <= all[i]);
        found += all[i];
    }
    end("quicksort", right && found == sum);
    return NULL_GUID;
}
ocrGuid_t mainEdt(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    UNUSED;
    number = argument(depv, 1, 100000);
    u64 *all, state = 99, range[2] = {0, number};
    ocrGuid_t block = block_of((number + 1) * sizeof *all, &all), ended;
    for (u64 i = 0; i < number; i++) sum += all[i] = next_random(&state) % 1000000;
    ocrDbRelease(block);
    ocrGuid_t edt = edt_of(sort, 2, range, 1, EDT_PROP_FINISH, &ended);
    ocrGuid_t last = edt_of(check, 0, NULL, 2, EDT_PROP_NONE, NULL);
    ocrAddDependence(ended, last, 0, DB_MODE_NULL);
    ocrAddDependence(block, last, 1, DB_MODE_CONST);
    ocrAddDependence(block, edt, 0, DB_MODE_RW);
    return NULL_GUID;
}
