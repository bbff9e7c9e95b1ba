/* Events, dependences, modes. */
#include "check.h"

EDT(got) {
    UNUSED;
    count_up(0);
    seen[1] += depv[0].ptr == NULL ? 0 : *(u64 *)depv[0].ptr;
    return NULL_GUID;
}
static ocrGuid_t first_event;

TEST2(once, "88 89") {
    ocrGuid_t event = first_event = event_of(OCR_EVENT_ONCE_T);
    GIVES(0, ocrAddDependence(event, edt_of(got, 1), 0, DB_MODE_RO));
    GIVES(0, ocrEventSatisfy(event, block_of(5)));
    GIVES(OCR_EINVAL, ocrEventSatisfy(event, NULL_GUID));
    ocrGuid_t late = edt_of(got, 1);
    GIVES(OCR_EINVAL, ocrAddDependence(event, late, 0, DB_MODE_RO));
    GIVES(OCR_EINVAL, ocrEventDestroy(event));
    /* The slot is still free. */
    GIVES(0, ocrAddDependence(block_of(6), late, 0, DB_MODE_RO));
}
THEN(once) { CHECK(seen[0] == 2 && seen[1] == 11); }

TEST2(sticky, "90 91 92") {
    ocrGuid_t event = event_of(OCR_EVENT_STICKY_T);
    GIVES(0, ocrAddDependence(event, edt_of(counts, 1), 0, DB_MODE_RO));
    GIVES(0, ocrEventSatisfy(event, block_of(5)));
    GIVES(0, ocrAddDependence(event, edt_of(counts, 1), 0, DB_MODE_RO));
    GIVES(OCR_EPERM, ocrEventSatisfy(event, block_of(7)));
    GIVES(0, ocrAddDependence(event, edt_of(counts, 1), 0, DB_MODE_RO));
    GIVES(0, ocrEventDestroy(event));
}
THEN(sticky) { CHECK(seen[0] == 3 && seen[1] == 15); }

TEST2(idempotent, "93 94") {
    ocrGuid_t event = event_of(OCR_EVENT_IDEM_T);
    GIVES(0, ocrAddDependence(event, edt_of(counts, 1), 0, DB_MODE_RO));
    GIVES(0, ocrEventSatisfy(event, block_of(5)));
    GIVES(0, ocrEventSatisfy(event, block_of(7)));
    GIVES(0, ocrEventSatisfy(event, NULL_GUID));
    GIVES(0, ocrAddDependence(event, edt_of(counts, 1), 0, DB_MODE_RO));
    GIVES(0, ocrEventDestroy(event));
}
THEN(idempotent) { CHECK(seen[0] == 2 && seen[1] == 10); }

TEST2(latch, "95 96 97 99 119") {
    ocrGuid_t event, down, up;
    GIVES(0, ocrEventCreate(&event, OCR_EVENT_LATCH_T, EVT_PROP_NONE));
    GIVES(0, ocrAddDependence(event, edt_of(counts, 1), 0, DB_MODE_RO));
    GIVES(0, ocrEventSatisfySlot(event, NULL_GUID, OCR_EVENT_LATCH_INCR_SLOT));
    GIVES(0, ocrEventSatisfySlot(event, block_of(9), OCR_EVENT_LATCH_INCR_SLOT));
    GIVES(0, ocrEventSatisfySlot(event, block_of(9), OCR_EVENT_LATCH_DECR_SLOT));
    CHECK(seen[0] == 0);
    down = event_of(OCR_EVENT_ONCE_T);
    GIVES(0, ocrAddDependence(down, event, OCR_EVENT_LATCH_DECR_SLOT, DB_MODE_NULL));
    GIVES(0, ocrEventSatisfy(down, block_of(9)));
    GIVES(OCR_EINVAL, ocrEventSatisfySlot(event, NULL_GUID, OCR_EVENT_LATCH_DECR_SLOT));
    /* Down before up, by dependences. */
    GIVES(0, ocrEventCreate(&event, OCR_EVENT_LATCH_T, EVT_PROP_NONE));
    GIVES(0, ocrAddDependence(event, edt_of(counts, 1), 0, DB_MODE_RO));
    up = event_of(OCR_EVENT_ONCE_T);
    GIVES(0, ocrAddDependence(up, event, OCR_EVENT_LATCH_INCR_SLOT, DB_MODE_NULL));
    GIVES(0, ocrAddDependence(NULL_GUID, event, OCR_EVENT_LATCH_DECR_SLOT, DB_MODE_NULL));
    GIVES(0, ocrEventSatisfy(up, NULL_GUID));
}
THEN(latch) { CHECK(seen[0] == 2 && seen[1] == 0); }

TEST2(latch_with_count, "98") {
    ocrGuid_t event;
    ocrEventParams_t params;
    params.EVENT_LATCH.counter = 3;
    GIVES(0, ocrEventCreateParams(&event, OCR_EVENT_LATCH_T, EVT_PROP_NONE, &params));
    GIVES(0, ocrAddDependence(event, edt_of(counts, 1), 0, DB_MODE_RO));
    for (int i = 0; i < 3; i++) GIVES(0, ocrEventSatisfy(event, NULL_GUID));
    GIVES(OCR_EINVAL, ocrEventSatisfy(event, NULL_GUID));
}
THEN(latch_with_count) { CHECK(seen[0] == 1); }

TEST2(counted, "100 101 102") {
    ocrGuid_t event, bad;
    ocrEventParams_t params;
    params.EVENT_COUNTED.nbDeps = 3;
    GIVES(0, ocrEventCreateParams(&event, OCR_EVENT_COUNTED_T, EVT_PROP_TAKES_ARG, &params));
    GIVES(0, ocrAddDependence(event, edt_of(counts, 1), 0, DB_MODE_RO));
    GIVES(0, ocrEventSatisfy(event, block_of(5)));
    GIVES(0, ocrAddDependence(event, edt_of(counts, 1), 0, DB_MODE_RO));
    GIVES(0, ocrAddDependence(event, edt_of(counts, 1), 0, DB_MODE_RO));
    GIVES(OCR_EINVAL, ocrAddDependence(event, bad = edt_of(counts, 1), 0, DB_MODE_RO));
    ocrEdtDestroy(bad);
    params.EVENT_COUNTED.nbDeps = 0;
    GIVES(OCR_EINVAL, ocrEventCreateParams(&event, OCR_EVENT_COUNTED_T, EVT_PROP_NONE, &params));
}
THEN(counted) { CHECK(seen[0] == 3 && seen[1] == 15); }

EDT(in_order) {
    UNUSED;
    CHECK(*(u64 *)depv[0].ptr == paramv[0]);
    count_up(0);
    return NULL_GUID;
}
TEST2(channel, "103 104 106") {
    ocrGuid_t event;
    ocrEventParams_t params;
    params.EVENT_CHANNEL.maxGen = EVENT_CHANNEL_UNBOUNDED;
    params.EVENT_CHANNEL.nbSat = params.EVENT_CHANNEL.nbDeps = 1;
    GIVES(0, ocrEventCreateParams(&event, OCR_EVENT_CHANNEL_T, EVT_PROP_TAKES_ARG, &params));
    for (u64 i = 0; i < 100; i++) {
        ocrGuid_t edt = edt_with(in_order, 1, &i, 1);
        if (i % 3 == 0) GIVES(0, ocrEventSatisfy(event, block_of(i)));
        GIVES(0, ocrAddDependence(event, edt, 0, DB_MODE_RO));
        if (i % 3 != 0) GIVES(0, ocrEventSatisfy(event, block_of(i)));
    }
    for (u64 i = 0; i < 10; i++) GIVES(0, ocrAddDependence(event, edt_with(in_order, 1, &i, 1), 0, DB_MODE_RO));
    for (u64 i = 0; i < 10; i++) GIVES(0, ocrEventSatisfy(event, block_of(i)));
}
THEN(channel) { CHECK(seen[0] == 110); }

TEST2(channel_bound, "105") {
    ocrGuid_t event;
    ocrEventParams_t params;
    params.EVENT_CHANNEL.maxGen = 2;
    params.EVENT_CHANNEL.nbSat = params.EVENT_CHANNEL.nbDeps = 1;
    GIVES(0, ocrEventCreateParams(&event, OCR_EVENT_CHANNEL_T, EVT_PROP_TAKES_ARG, &params));
    for (int i = 0; i < 2; i++) GIVES(0, ocrEventSatisfy(event, block_of(1)));
    GIVES(OCR_ENOSPC, ocrEventSatisfy(event, block_of(1)));
    for (int i = 0; i < 2; i++) GIVES(0, ocrAddDependence(event, edt_of(counts, 1), 0, DB_MODE_RO));
    GIVES(0, ocrEventDestroy(event));
    params.EVENT_CHANNEL.nbSat = 2;
    GIVES(OCR_EINVAL, ocrEventCreateParams(&event, OCR_EVENT_CHANNEL_T, EVT_PROP_TAKES_ARG, &params));
}
THEN(channel_bound) { CHECK(seen[0] == 2 && seen[1] == 2); }

TEST2(takes_no_argument, "107") {
    ocrGuid_t event;
    GIVES(0, ocrEventCreate(&event, OCR_EVENT_STICKY_T, EVT_PROP_NONE));
    GIVES(0, ocrAddDependence(event, edt_of(counts, 1), 0, DB_MODE_RO));
    /* It tells, and does it all the same. */
    GIVES(OCR_EPERM, ocrEventSatisfy(event, block_of(5)));
    GIVES(0, ocrEventDestroy(event));
    GIVES(0, ocrEventCreate(&event, OCR_EVENT_ONCE_T, EVT_PROP_NONE));
    GIVES(0, ocrEventSatisfy(event, NULL_GUID));
}
THEN(takes_no_argument) { CHECK(seen[0] == 1 && seen[1] == 5); }

TEST(wrong_events, "108 109 110 111 112") {
    ocrGuid_t event = NULL_GUID, edt = edt_of(counts, 1);
    GIVES(OCR_EINVAL, ocrEventCreate(&event, OCR_EVENT_T_MAX, EVT_PROP_NONE));
    GIVES(OCR_EINVAL, ocrEventCreate(&event, (ocrEventTypes_t)0, EVT_PROP_NONE));
    GIVES(OCR_EINVAL, ocrEventCreate(&event, OCR_EVENT_COUNTED_T, EVT_PROP_NONE));
    GIVES(OCR_EINVAL, ocrEventSatisfy(edt, NULL_GUID));
    GIVES(OCR_EINVAL, ocrEventSatisfy(block_of(1), NULL_GUID));
    event = event_of(OCR_EVENT_STICKY_T);
    GIVES(OCR_EINVAL, ocrEventSatisfy(event, edt));
    GIVES(OCR_EINVAL, ocrEventSatisfySlot(event, NULL_GUID, 1));
    GIVES(OCR_EINVAL, ocrEventSatisfySlot(event, NULL_GUID, 7));
    ocrGuid_t latch = event_of(OCR_EVENT_LATCH_T);
    GIVES(OCR_EINVAL, ocrEventSatisfySlot(latch, NULL_GUID, 2));
    GIVES(OCR_EINVAL, ocrAddDependence(event, latch, 2, DB_MODE_NULL));
    GIVES(OCR_EINVAL, ocrAddDependence(latch, event, 1, DB_MODE_NULL));
    GIVES(0, ocrEventDestroy(event));
    GIVES(OCR_EINVAL, ocrEventDestroy(event));
    GIVES(OCR_EINVAL, ocrEventDestroy(edt));
    ocrEventDestroy(latch);
    ocrEdtDestroy(edt);
}

TEST2(chained, "113 114 115") {
    ocrGuid_t events[1000];
    for (int i = 0; i < 1000; i++) events[i] = event_of(i % 2 ? OCR_EVENT_ONCE_T : OCR_EVENT_STICKY_T);
    for (int i = 0; i + 1 < 1000; i++) GIVES(0, ocrAddDependence(events[i], events[i + 1], 0, DB_MODE_NULL));
    GIVES(0, ocrAddDependence(events[999], edt_of(counts, 1), 0, DB_MODE_RO));
    GIVES(0, ocrEventSatisfySlot(events[0], block_of(77), 0));
    for (int i = 0; i < 1000; i += 2) GIVES(0, ocrEventDestroy(events[i]));
}
THEN(chained) { CHECK(seen[0] == 1 && seen[1] == 77); }

TEST2(many_wait, "116") {
    ocrGuid_t event = event_of(OCR_EVENT_ONCE_T);
    for (int i = 0; i < 1000; i++) GIVES(0, ocrAddDependence(event, edt_of(counts, 1), 0, DB_MODE_RO));
    GIVES(0, ocrEventSatisfy(event, block_of(3)));
}
THEN(many_wait) { CHECK(seen[0] == 1000 && seen[1] == 3000); }

EDT(knows_dep) {
    UNUSED;
    CHECK((u64)depv[0].guid.guid == paramv[0] && depv[0].ptr != NULL);
    CHECK(depv[0].mode == (ocrDbAccessMode_t)paramv[1]);
    count_up(0);
    return NULL_GUID;
}
TEST2(blocks_to_edts, "117 130 131") {
    ocrGuid_t block = block_of(1);
    ocrDbAccessMode_t modes[4] = {DB_MODE_RO, DB_MODE_CONST, DB_MODE_RW, DB_MODE_EW};
    CHECK(DB_DEFAULT_MODE == DB_MODE_RW);
    for (int i = 0; i < 4; i++) {
        u64 params[2] = {(u64)block.guid, modes[i]};
        GIVES(0, ocrAddDependence(block, edt_with(knows_dep, 2, params, 1), 0, modes[i]));
    }
}
THEN(blocks_to_edts) { CHECK(seen[0] == 4); }

TEST2(wrong_dependences, "120 121 122 123 124") {
    ocrGuid_t block = block_of(1), edt = edt_of(counts, 2), event = event_of(OCR_EVENT_STICKY_T), template_;
    GIVES(OCR_EINVAL, ocrAddDependence(block, edt, 2, DB_MODE_RO));
    GIVES(OCR_EINVAL, ocrAddDependence(event, edt, 2, DB_MODE_RO));
    GIVES(OCR_EINVAL, ocrAddDependence(block, edt, 0, (ocrDbAccessMode_t)3));
    GIVES(0, ocrAddDependence(block, edt, 0, DB_MODE_RO));
    GIVES(OCR_EPERM, ocrAddDependence(block, edt, 0, DB_MODE_RO));
    GIVES(OCR_EPERM, ocrAddDependence(event, edt, 0, DB_MODE_RO));
    GIVES(0, ocrAddDependence(event, edt, 1, DB_MODE_RO));
    GIVES(OCR_EPERM, ocrAddDependence(NULL_GUID, edt, 1, DB_MODE_RO));
    GIVES(OCR_EPERM, ocrAddDependence(event, edt, 1, DB_MODE_RO));
    ocrEdtTemplateCreate(&template_, counts, 0, 0);
    GIVES(OCR_EPERM, ocrAddDependence(template_, edt, 1, DB_MODE_RO));
    GIVES(OCR_EPERM, ocrAddDependence(block, template_, 0, DB_MODE_RO));
    ocrEdtTemplateDestroy(template_);
    GIVES(0, ocrEventSatisfy(event, NULL_GUID));
    ocrGuid_t gone = event_of(OCR_EVENT_ONCE_T);
    ocrEventSatisfy(gone, NULL_GUID);
    GIVES(OCR_EINVAL, ocrAddDependence(block, gone, 0, DB_MODE_RO));
}
THEN(wrong_dependences) { CHECK(seen[0] == 1 && seen[1] == 1); }

EDT(has_no_pointer) {
    UNUSED;
    CHECK((u64)depv[0].guid.guid == paramv[0] && depv[0].ptr == NULL && depv[0].mode == DB_MODE_NULL);
    count_up(0);
    return NULL_GUID;
}
TEST2(null_mode, "125") {
    ocrGuid_t block = block_of(1);
    u64 param = (u64)block.guid;
    GIVES(0, ocrAddDependence(block, edt_with(has_no_pointer, 1, &param, 1), 0, DB_MODE_NULL));
}
THEN(null_mode) { CHECK(seen[0] == 1); }

static ocrGuid_t array;
EDT(writes_one) {
    UNUSED;
    for (int i = 0; i < 100; i++) ((u64 *)depv[0].ptr)[paramv[0]] += paramv[0];
    return NULL_GUID;
}
EDT(sums_all) {
    UNUSED;
    for (u64 i = 0; i < 64; i++) CHECK(((u64 *)depv[0].ptr)[i] == 100 * i);
    count_up(0);
    return NULL_GUID;
}
TEST2(shared_writes, "126") {
    u64 *at;
    ocrDbCreate(&array, (void **)&at, 64 * sizeof *at, DB_PROP_NONE, NULL_HINT, NO_ALLOC);
    memset(at, 0, 64 * sizeof *at);
    ocrDbRelease(array);
    for (u64 i = 0; i < 64; i++) ocrAddDependence(array, edt_with(writes_one, 1, &i, 1), 0, DB_MODE_RW);
}
THEN(shared_writes) { ocrAddDependence(array, edt_of(sums_all, 1), 0, DB_MODE_RO); }

EDT(adds_alone) {
    UNUSED;
    u64 *at = depv[0].ptr, before = *at;
    for (volatile int i = 0; i < 100; i++) {}
    *at = before + 1;
    return NULL_GUID;
}
EDT(sees_1000) {
    UNUSED;
    CHECK(*(u64 *)depv[0].ptr == 1000);
    return NULL_GUID;
}
TEST2(exclusive_writes, "127") {
    array = block_of(0);
    for (int i = 0; i < 1000; i++) ocrAddDependence(array, edt_of(adds_alone, 1), 0, DB_MODE_EW);
}
THEN(exclusive_writes) { ocrAddDependence(array, edt_of(sees_1000, 1), 0, DB_MODE_CONST); }

EDT(reads_twice) {
    UNUSED;
    u64 before = *(volatile u64 *)depv[0].ptr;
    for (volatile int i = 0; i < 1000; i++) {}
    CHECK(before == *(volatile u64 *)depv[0].ptr);
    count_up(0);
    return NULL_GUID;
}
TEST2(constant_reads, "128 129") {
    ocrGuid_t block = block_of(0);
    for (int i = 0; i < 200; i++) {
        ocrAddDependence(block, edt_of(reads_twice, 1), 0, i % 2 ? DB_MODE_CONST : DB_MODE_RO);
        if (i % 10 == 0) ocrAddDependence(block, edt_of(adds_alone, 1), 0, i % 20 ? DB_MODE_RW : DB_MODE_EW);
    }
}
THEN(constant_reads) { CHECK(seen[0] == 200); }

EDT(has_it_thrice) {
    UNUSED;
    CHECK(depv[0].ptr == depv[1].ptr && depv[1].ptr == depv[3].ptr && depv[2].ptr != depv[0].ptr);
    count_up(0);
    return NULL_GUID;
}
TEST2(same_block_twice, "132") {
    ocrDbAccessMode_t modes[3] = {DB_MODE_RO, DB_MODE_RW, DB_MODE_EW};
    for (int i = 0; i < 3; i++) {
        ocrGuid_t block = block_of(1), other = block_of(2), edt = edt_of(has_it_thrice, 4);
        for (u32 slot = 0; slot < 4; slot++) ocrAddDependence(slot == 2 ? other : block, edt, slot, modes[i]);
    }
}
THEN(same_block_twice) { CHECK(seen[0] == 3); }

EDT(writes_42_alone) {
    UNUSED;
    *(u64 *)depv[0].ptr = 42;
    count_up(0);
    return NULL_GUID;
}
TEST2(granted_after_release, "133") {
    u64 *at;
    ocrDbCreate(&array, (void **)&at, sizeof *at, DB_PROP_NONE, NULL_HINT, NO_ALLOC);
    ocrAddDependence(array, edt_of(writes_42_alone, 1), 0, DB_MODE_EW);
    /* It waits for us. */
    *at = 1;
    for (volatile int i = 0; i < 10000; i++) {}
    CHECK(*at == 1 && seen[0] == 0);
    GIVES(0, ocrDbRelease(array));
}
THEN(granted_after_release) { CHECK(seen[0] == 1); }

EDT(moves_one) {
    UNUSED;
    *(u64 *)depv[0].ptr -= 1;
    *(u64 *)depv[1].ptr += 1;
    return NULL_GUID;
}
EDT(sees_sum) {
    UNUSED;
    u64 sum = 0;
    for (u32 i = 0; i < depc; i++) sum += *(u64 *)depv[i].ptr;
    CHECK(sum == 8000);
    return NULL_GUID;
}
static ocrGuid_t eight[8];
TEST2(all_or_none, "134") {
    for (int i = 0; i < 8; i++) eight[i] = block_of(1000);
    for (int i = 0; i < 800; i++) {
        int from = i * 5 % 8, to = (i * 3 + 1) % 8;
        if (from == to) continue;
        ocrGuid_t edt = edt_of(moves_one, 2);
        ocrAddDependence(eight[to], edt, 1, DB_MODE_EW);
        ocrAddDependence(eight[from], edt, 0, DB_MODE_EW);
    }
}
THEN(all_or_none) {
    ocrGuid_t edt = edt_of(sees_sum, 8);
    for (u32 i = 0; i < 8; i++) ocrAddDependence(eight[i], edt, i, DB_MODE_CONST);
}
