/* Types, blocks, templates, EDTs, finish EDTs. */
#include "check.h"

TEST(types, "1 2 9 14") {
    CHECK(sizeof(u8) == 1 && sizeof(u16) == 2 && sizeof(u32) == 4 && sizeof(u64) == 8);
    CHECK(sizeof(s8) == 1 && sizeof(s16) == 2 && sizeof(s32) == 4 && sizeof(s64) == 8);
    CHECK((u32)-1 > 0 && (s32)-1 < 0);
    CHECK(sizeof(ocrGuid_t) == sizeof(intptr_t));
    ocrEdtDep_t dep = {NULL_GUID, &dep, DB_MODE_RO};
    CHECK(dep.ptr == &dep && dep.mode == DB_MODE_RO && ocrGuidIsNull(dep.guid));
    bool yes = TRUE, no = FALSE;
    CHECK(yes == true && no == false);
}

TEST(guids, "3 4 5 6 7 8") {
    ocrGuid_t null = NULL_GUID, not_yet = UNINITIALIZED_GUID, bad = ERROR_GUID;
    CHECK(ocrGuidIsNull(null) && !ocrGuidIsUninitialized(null) && !ocrGuidIsError(null));
    CHECK(!ocrGuidIsNull(not_yet) && ocrGuidIsUninitialized(not_yet) && !ocrGuidIsError(not_yet));
    CHECK(!ocrGuidIsNull(bad) && !ocrGuidIsUninitialized(bad) && ocrGuidIsError(bad));
    ocrGuid_t a = event_of(OCR_EVENT_STICKY_T), b = event_of(OCR_EVENT_STICKY_T);
    CHECK(ocrGuidIsEq(a, a) && !ocrGuidIsEq(a, b));
    CHECK(ocrGuidIsLt(a, b) != ocrGuidIsLt(b, a) && !ocrGuidIsLt(a, a));
    CHECK(!ocrGuidIsNull(a) && !ocrGuidIsError(a) && !ocrGuidIsUninitialized(a));
    char text[64];
    snprintf(text, sizeof text, GUIDF, GUIDA(a));
    CHECK(strtoull(text, NULL, 16) == (u64)a.guid);
    ocrEventDestroy(a);
    ocrEventDestroy(b);
}

TEST(output, "10 11 12") {
    CHECK(PRINTF("%s", "") == 0 && ocrPrintf("(%d)\n", 7) == 4);
    char long_text[2000], few[4];
    memset(long_text, ' ', sizeof long_text);
    long_text[sizeof long_text - 1] = 0;
    CHECK(PRINTF("%s\n", long_text) == sizeof long_text);
    CHECK(SNPRINTF(few, sizeof few, "%s", "abcdef") == 6 && strcmp(few, "abc") == 0);
    ASSERT(1 + 1 == 2);
    ocrAssert(true);
}

EDT(reads_42) {
    UNUSED;
    CHECK(depc == 1 && *(u64 *)depv[0].ptr == 42);
    count_up(0);
    return NULL_GUID;
}

TEST2(blocks, "29 30 32 35 49") {
    ocrGuid_t block;
    u64 *at, size = 0;
    GIVES(0, ocrDbCreate(&block, (void **)&at, 1000, DB_PROP_NONE, NULL_HINT, NO_ALLOC));
    GIVES(0, ocrDbGetSize(block, &size));
    CHECK(size == 1000 && (uintptr_t)at % 8 == 0);
    memset(at, 0, 1000);
    at[0] = 42;
    GIVES(0, ocrDbRelease(block));
    for (int i = 0; i < 3; i++) GIVES(0, ocrAddDependence(block, edt_of(reads_42, 1), 0, DB_MODE_RO));
}
THEN(blocks) { CHECK(seen[0] == 3); }

TEST2(written_without_release, "33") {
    ocrGuid_t block;
    u64 *at;
    ocrDbCreate(&block, (void **)&at, sizeof *at, DB_PROP_NONE, NULL_HINT, NO_ALLOC);
    ocrAddDependence(block, edt_of(reads_42, 1), 0, DB_MODE_CONST);
    *at = 42;
}
THEN(written_without_release) { CHECK(seen[0] == 1); }

EDT(writes_it) {
    UNUSED;
    CHECK(depv[0].ptr != NULL);
    *(u64 *)depv[0].ptr = 42;
    return depv[0].guid;
}

TEST2(not_acquired, "31 34 74") {
    ocrGuid_t block, made, out, template_;
    void *at = &block;
    GIVES(0, ocrDbCreate(&block, &at, 8, DB_PROP_NO_ACQUIRE, NULL_HINT, NO_ALLOC));
    CHECK(at == NULL);
    GIVES(OCR_EACCES, ocrDbRelease(block));
    ocrEdtTemplateCreate(&template_, writes_it, 0, 1);
    GIVES(0, ocrEdtCreate(&made, template_, 0, NULL, 1, NULL, EDT_PROP_NONE, NULL_HINT, &out));
    GIVES(0, ocrAddDependence(out, edt_of(reads_42, 1), 0, DB_MODE_RO));
    GIVES(0, ocrAddDependence(block, made, 0, DB_MODE_EW));
    ocrEdtTemplateDestroy(template_);
}
THEN(not_acquired) { CHECK(seen[0] == 1); }

TEST(destroyed_blocks, "36 38 39 42") {
    ocrGuid_t block = block_of(1), held;
    u64 size, *at;
    GIVES(0, ocrDbDestroy(block));
    GIVES(OCR_EPERM, ocrDbDestroy(block));
    GIVES(OCR_EINVAL, ocrDbGetSize(block, &size));
    GIVES(OCR_EINVAL, ocrAddDependence(block, event_of(OCR_EVENT_ONCE_T), 0, DB_MODE_RO));
    ocrDbCreate(&held, (void **)&at, 8, DB_PROP_NONE, NULL_HINT, NO_ALLOC);
    GIVES(0, ocrDbDestroy(held));
    GIVES(OCR_EINVAL, ocrDbRelease(held));
    GIVES(OCR_EINVAL, ocrDbGetSize(NULL_GUID, &size));
}

static volatile u64 gate;
static ocrGuid_t shared;

EDT(holds_it) {
    UNUSED;
    GIVES(0, ocrDbDestroy(depv[1].guid));
    count_up(0);
    return NULL_GUID;
}
EDT(holds_too) {
    UNUSED;
    count_up(*(u64 *)depv[0].ptr == 7 ? 1 : 2);
    return NULL_GUID;
}

TEST2(destroyed_while_held, "37") {
    shared = block_of(7);
    ocrGuid_t reader = edt_of(holds_too, 1), other = edt_of(holds_it, 2);
    ocrAddDependence(NULL_GUID, other, 0, DB_MODE_NULL);
    ocrAddDependence(shared, reader, 0, DB_MODE_RO);
    ocrAddDependence(shared, other, 1, DB_MODE_RO);
}
THEN(destroyed_while_held) {
    CHECK(seen[0] == 1 && seen[1] == 1 && seen[2] == 0);
    GIVES(OCR_EPERM, ocrDbDestroy(shared));
}

TEST(wrong_releases, "40 41") {
    ocrGuid_t block = block_of(1), held;
    u64 *at;
    GIVES(OCR_EACCES, ocrDbRelease(block));
    ocrDbCreate(&held, (void **)&at, 8, DB_PROP_NONE, NULL_HINT, NO_ALLOC);
    GIVES(0, ocrDbRelease(held));
    GIVES(OCR_EACCES, ocrDbRelease(held));
    ocrDbDestroy(block);
    ocrDbDestroy(held);
}

EDT(releases_twice) {
    UNUSED;
    GIVES(0, ocrDbRelease(depv[0].guid));
    GIVES(OCR_EACCES, ocrDbRelease(depv[0].guid));
    GIVES(0, ocrDbDestroy(depv[0].guid));
    count_up(0);
    return NULL_GUID;
}
TEST2(released_slots, "41 38") { ocrAddDependence(block_of(3), edt_of(releases_twice, 1), 0, DB_MODE_RW); }
THEN(released_slots) { CHECK(seen[0] == 1); }

TEST(wrong_blocks, "43 44 45 46") {
    ocrGuid_t block;
    void *at;
    GIVES(OCR_EINVAL, ocrDbCreate(NULL, &at, 8, DB_PROP_NONE, NULL_HINT, NO_ALLOC));
    GIVES(OCR_ENOMEM, ocrDbCreate(&block, &at, (u64)-1, DB_PROP_NONE, NULL_HINT, NO_ALLOC));
    GIVES(OCR_ENOMEM, ocrDbCreate(&block, &at, (u64)1 << 62, DB_PROP_NONE, NULL_HINT, NO_ALLOC));
    u64 offset;
    block = block_of(0);
    GIVES(OCR_ENOTSUP, ocrDbMalloc(block, 8, &at));
    GIVES(OCR_ENOTSUP, ocrDbMallocOffset(block, 8, &offset));
    GIVES(OCR_ENOTSUP, ocrDbFree(block, at));
    GIVES(OCR_ENOTSUP, ocrDbFreeOffset(block, 0));
    GIVES(OCR_ENOTSUP, ocrDbCopy(block, 0, block, 0, 8, 0, &block));
    ocrDbDestroy(block);
}

TEST2(many_blocks, "47") {
    for (u64 i = 0; i < 2000; i++) ocrAddDependence(block_of(i), edt_of(counts, 1), 0, DB_MODE_RO);
}
THEN(many_blocks) { CHECK(seen[0] == 2000 && seen[1] == 1999 * 1000); }

TEST2(released_and_passed, "48 118") {
    ocrGuid_t event = event_of(OCR_EVENT_STICKY_T), other = event_of(OCR_EVENT_STICKY_T);
    GIVES(0, ocrEventSatisfy(event, block_of(42)));
    GIVES(0, ocrAddDependence(event, edt_of(reads_42, 1), 0, DB_MODE_RO));
    GIVES(0, ocrAddDependence(block_of(42), other, 0, DB_MODE_RO));
    GIVES(0, ocrAddDependence(other, edt_of(reads_42, 1), 0, DB_MODE_RO));
}
THEN(released_and_passed) { CHECK(seen[0] == 2); }

EDT(has_two_params) {
    UNUSED;
    CHECK(paramc == 2 && paramv[0] == 5 && paramv[1] == 6 && depc == 0);
    paramv[0] = 99;
    count_up(0);
    return NULL_GUID;
}

TEST2(templates, "50 51 52 53 54 55 56 57 58 59 60 61 68") {
    ocrGuid_t known, unknown, edt, waits;
    u64 params[2] = {5, 6};
    GIVES(0, ocrEdtTemplateCreate(&known, has_two_params, 2, 0));
    GIVES(0, ocrEdtTemplateCreate(&unknown, has_two_params, EDT_PARAM_UNK, EDT_PARAM_UNK));
    GIVES(0, ocrEdtCreate(&edt, known, EDT_PARAM_DEF, params, EDT_PARAM_DEF, NULL, EDT_PROP_NONE, NULL_HINT, NULL));
    GIVES(0, ocrEdtCreate(&edt, known, 2, params, 0, NULL, EDT_PROP_NONE, NULL_HINT, NULL));
    GIVES(0, ocrEdtCreate(&edt, unknown, 2, params, 0, NULL, EDT_PROP_NONE, NULL_HINT, NULL));
    GIVES(OCR_EINVAL, ocrEdtCreate(&edt, unknown, EDT_PARAM_DEF, params, 0, NULL, EDT_PROP_NONE, NULL_HINT, NULL));
    GIVES(OCR_EINVAL, ocrEdtCreate(&edt, unknown, 2, params, EDT_PARAM_DEF, NULL, EDT_PROP_NONE, NULL_HINT, NULL));
    GIVES(OCR_EINVAL, ocrEdtCreate(&edt, known, EDT_PARAM_UNK, params, 0, NULL, EDT_PROP_NONE, NULL_HINT, NULL));
    GIVES(OCR_EINVAL, ocrEdtCreate(&edt, known, 3, params, 0, NULL, EDT_PROP_NONE, NULL_HINT, NULL));
    GIVES(OCR_EINVAL, ocrEdtCreate(&edt, known, 2, params, 1, NULL, EDT_PROP_NONE, NULL_HINT, NULL));
    GIVES(OCR_EINVAL, ocrEdtCreate(&edt, known, 2, NULL, 0, NULL, EDT_PROP_NONE, NULL_HINT, NULL));
    GIVES(0, ocrEdtTemplateDestroy(known));
    GIVES(OCR_EINVAL, ocrEdtTemplateDestroy(known));
    GIVES(OCR_EINVAL, ocrEdtCreate(&edt, known, 2, params, 0, NULL, EDT_PROP_NONE, NULL_HINT, NULL));
    GIVES(OCR_EINVAL, ocrEdtTemplateCreate(&known, NULL, 0, 0));
    GIVES(OCR_EINVAL, ocrEdtTemplateCreate(&known, has_two_params, EDT_PARAM_DEF, 0));
    /* One that waits while its template goes and its parameters change. */
    u64 param = 1000;
    GIVES(0, ocrEdtTemplateCreate(&known, counts, 1, 1));
    GIVES(0, ocrEdtCreate(&waits, known, 1, &param, 1, NULL, EDT_PROP_NONE, NULL_HINT, NULL));
    GIVES(0, ocrEdtTemplateDestroy(known));
    param = 0;
    GIVES(0, ocrAddDependence(NULL_GUID, waits, 0, DB_MODE_NULL));
}
THEN(templates) { CHECK(seen[0] == 4); }

EDT(knows_param) {
    UNUSED;
    CHECK(paramc == 1 && paramv[0] == 1000);
    count_up(0);
    return NULL_GUID;
}
TEST2(params_are_copied, "58 62 66") {
    u64 param = 1000;
    ocrGuid_t edt = edt_with(knows_param, 1, &param, 1);
    param = 0;
    CHECK(seen[0] == 0);
    ocrAddDependence(NULL_GUID, edt, 0, DB_MODE_NULL);
}
THEN(params_are_copied) { CHECK(seen[0] == 1); }

TEST2(no_guid_wanted, "63 64 65") {
    ocrGuid_t template_, edt, deps[3] = {block_of(1), UNINITIALIZED_GUID, NULL_GUID};
    ocrEdtTemplateCreate(&template_, counts, 0, 3);
    deps[1] = block_of(2);
    GIVES(0, ocrEdtCreate(NULL, template_, 0, NULL, 3, deps, EDT_PROP_NONE, NULL_HINT, NULL));
    deps[1] = UNINITIALIZED_GUID;
    GIVES(0, ocrEdtCreate(&edt, template_, 0, NULL, 3, deps, EDT_PROP_NONE, NULL_HINT, NULL));
    GIVES(0, ocrAddDependence(block_of(4), edt, 1, DB_MODE_RO));
    ocrEdtTemplateDestroy(template_);
}
THEN(no_guid_wanted) { CHECK(seen[0] == 2 && seen[1] == 1 + 2 + 1 + 4); }

EDT(has_many) {
    UNUSED;
    u64 sum = 0;
    for (u32 i = 0; i < paramc; i++) sum += paramv[i];
    for (u32 i = 0; i < depc; i++) sum += *(u64 *)depv[i].ptr;
    seen[0] = sum;
    seen[1] = depc;
    return NULL_GUID;
}
TEST2(many_slots, "67 68 134") {
    u64 params[500];
    for (u64 i = 0; i < 500; i++) params[i] = i;
    ocrGuid_t edt = edt_with(has_many, 500, params, 700);
    for (u32 i = 0; i < 700; i++) GIVES(0, ocrAddDependence(block_of(i), edt, i, i % 2 ? DB_MODE_RW : DB_MODE_RO));
}
THEN(many_slots) { CHECK(seen[0] == 499 * 250 + 699 * 350 && seen[1] == 700); }

TEST(destroyed_edts, "69 70") {
    ocrGuid_t edt = edt_of(counts, 1);
    GIVES(0, ocrEdtDestroy(edt));
    GIVES(OCR_EINVAL, ocrEdtDestroy(edt));
    GIVES(OCR_EINVAL, ocrAddDependence(NULL_GUID, edt, 0, DB_MODE_NULL));
    GIVES(OCR_EINVAL, ocrEdtDestroy(NULL_GUID));
}

EDT(goes_deep) {
    UNUSED;
    count_up(0);
    if (paramv[0] > 0) {
        u64 left = paramv[0] - 1;
        edt_with(goes_deep, 1, &left, 0);
    }
    return NULL_GUID;
}
TEST2(deep, "71 73") {
    u64 depth = 20000;
    edt_with(goes_deep, 1, &depth, 0);
}
THEN(deep) { CHECK(seen[0] == 20001); }

TEST2(many_ready, "72") {
    ocrGuid_t template_;
    ocrEdtTemplateCreate(&template_, counts, 0, 0);
    for (int i = 0; i < 100000; i++) ocrEdtCreate(NULL, template_, 0, NULL, 0, NULL, EDT_PROP_NONE, NULL_HINT, NULL);
    ocrEdtTemplateDestroy(template_);
}
THEN(many_ready) { CHECK(seen[0] == 100000); }

EDT(gives_nothing) {
    UNUSED;
    return NULL_GUID;
}
EDT(got_nothing) {
    UNUSED;
    CHECK(ocrGuidIsNull(depv[0].guid) && depv[0].ptr == NULL);
    count_up(0);
    return NULL_GUID;
}

/* Creates an EDT with one slot, in these ways. */
static ocrGuid_t edt_out(ocrEdt_t function, u16 properties, ocrGuid_t *out) {
    ocrGuid_t template_, edt = NULL_GUID;
    ocrEdtTemplateCreate(&template_, function, 0, 1);
    GIVES(0, ocrEdtCreate(&edt, template_, 0, NULL, 1, NULL, properties, NULL_HINT, out));
    ocrEdtTemplateDestroy(template_);
    return edt;
}
static void go(ocrGuid_t edt) { GIVES(0, ocrAddDependence(NULL_GUID, edt, 0, DB_MODE_NULL)); }

static ocrGuid_t kept;
TEST2(outputs_of_nothing, "75 86") {
    ocrGuid_t out, edt = edt_out(gives_nothing, EDT_PROP_NONE, &out);
    ocrAddDependence(out, edt_of(got_nothing, 1), 0, DB_MODE_RO);
    kept = out;
    go(edt);
}
THEN(outputs_of_nothing) {
    CHECK(seen[0] == 1);
    GIVES(OCR_EINVAL, ocrEventSatisfy(kept, NULL_GUID));
}

EDT(takes_alone) {
    UNUSED;
    CHECK(*(u64 *)depv[0].ptr == 42);
    count_up(0);
    return NULL_GUID;
}
TEST2(released_before_output, "76") {
    ocrGuid_t out, edt = edt_out(writes_it, EDT_PROP_NONE, &out), last = edt_of(takes_alone, 1);
    /* Exclusive after exclusive: the second starts when the first has released it. */
    ocrAddDependence(out, last, 0, DB_MODE_EW);
    ocrAddDependence(block_of(0), edt, 0, DB_MODE_EW);
}
THEN(released_before_output) { CHECK(seen[0] == 1); }

TEST2(supplied_outputs, "77 78 79") {
    ocrGuid_t sticky = event_of(OCR_EVENT_STICKY_T), latch, bad = edt_of(counts, 1), template_, edt;
    ocrEventParams_t params;
    params.EVENT_LATCH.counter = 2;
    GIVES(0, ocrEventCreateParams(&latch, OCR_EVENT_LATCH_T, EVT_PROP_NONE, &params));
    ocrAddDependence(sticky, edt_of(counts, 1), 0, DB_MODE_RO);
    ocrAddDependence(latch, edt_of(counts, 1), 0, DB_MODE_RO);
    ocrGuid_t given = sticky;
    go(edt_out(gives_nothing, EDT_PROP_OEVT_VALID, &given));
    CHECK(ocrGuidIsEq(given, sticky));
    for (int i = 0; i < 2; i++) {
        given = latch;
        go(edt_out(gives_nothing, EDT_PROP_OEVT_VALID, &given));
    }
    ocrEdtTemplateCreate(&template_, gives_nothing, 0, 0);
    GIVES(OCR_EINVAL, ocrEdtCreate(&edt, template_, 0, NULL, 0, NULL, EDT_PROP_OEVT_VALID, NULL_HINT, &bad));
    ocrEdtDestroy(bad);
}
THEN(supplied_outputs) { CHECK(seen[0] == 2); }

EDT(makes_three) {
    UNUSED;
    if (paramv[0] == 0) {
        count_up(0);
        return NULL_GUID;
    }
    u64 left = paramv[0] - 1;
    for (int i = 0; i < 3; i++) edt_with(makes_three, 1, &left, 0);
    return NULL_GUID;
}
EDT(makes_many) {
    UNUSED;
    u64 depth = 6;
    edt_with(makes_three, 1, &depth, 0);
    /* Ignored, since it is a finish EDT. */
    return block_of(1);
}
EDT(sees_all) {
    UNUSED;
    CHECK(seen[0] == 729 && ocrGuidIsNull(depv[0].guid));
    count_up(1);
    return NULL_GUID;
}
TEST2(finish, "80 81 82") {
    ocrGuid_t out, edt = edt_out(makes_many, EDT_PROP_FINISH, &out);
    ocrAddDependence(out, edt_of(sees_all, 1), 0, DB_MODE_RO);
    go(edt);
}
THEN(finish) { CHECK(seen[1] == 1); }

EDT(nests) {
    UNUSED;
    ocrGuid_t out, edt = edt_out(makes_many, EDT_PROP_FINISH, &out);
    ocrAddDependence(out, edt_of(sees_all, 1), 0, DB_MODE_RO);
    go(edt);
    return NULL_GUID;
}
EDT(sees_nested) {
    UNUSED;
    CHECK(seen[1] == 1);
    count_up(2);
    return NULL_GUID;
}
TEST2(nested, "83") {
    ocrGuid_t out, edt = edt_out(nests, EDT_PROP_FINISH, &out);
    ocrAddDependence(out, edt_of(sees_nested, 1), 0, DB_MODE_RO);
    go(edt);
}
THEN(nested) { CHECK(seen[2] == 1); }

TEST2(empty_finish, "84 85") {
    ocrGuid_t out, edt = edt_out(gives_nothing, EDT_PROP_FINISH, &out), supplied = event_of(OCR_EVENT_STICKY_T);
    ocrAddDependence(out, edt_of(counts, 1), 0, DB_MODE_RO);
    go(edt);
    ocrAddDependence(supplied, edt_of(counts, 1), 0, DB_MODE_RO);
    go(edt_out(gives_nothing, EDT_PROP_FINISH | EDT_PROP_OEVT_VALID, &supplied));
}
THEN(empty_finish) { CHECK(seen[0] == 2); }

static ocrGuid_t release_event;
EDT(waits_in_finish) {
    UNUSED;
    ocrAddDependence(release_event, edt_of(counts, 1), 0, DB_MODE_NULL);
    return NULL_GUID;
}
EDT(lets_go) {
    UNUSED;
    CHECK(seen[0] == 0);
    count_up(1);
    ocrEventSatisfy(release_event, NULL_GUID);
    return NULL_GUID;
}
TEST2(others_go_on, "87") {
    release_event = event_of(OCR_EVENT_STICKY_T);
    ocrGuid_t out, edt = edt_out(waits_in_finish, EDT_PROP_FINISH, &out);
    ocrAddDependence(out, edt_of(counts, 1), 0, DB_MODE_NULL);
    go(edt);
    edt_of(lets_go, 0);
}
THEN(others_go_on) { CHECK(seen[0] == 2 && seen[1] == 1); }

EDT(returns_nothing_left) {
    UNUSED;
    ocrGuid_t block;
    u64 *at;
    ocrDbCreate(&block, (void **)&at, 8, DB_PROP_NONE, NULL_HINT, NO_ALLOC);
    GIVES(0, ocrDbDestroy(block));
    return block;
}
EDT(returns_event) {
    UNUSED;
    return kept;
}
TEST2(returned_in_vain, "197") {
    ocrGuid_t out, edt = edt_out(returns_nothing_left, EDT_PROP_NONE, &out);
    ocrAddDependence(out, edt_of(got_nothing, 1), 0, DB_MODE_RO);
    go(edt);
    kept = event_of(OCR_EVENT_STICKY_T);
    GIVES(0, ocrEventDestroy(kept));
    edt = edt_out(returns_event, EDT_PROP_NONE, &out);
    ocrAddDependence(out, edt_of(got_nothing, 1), 0, DB_MODE_RO);
    go(edt);
}
THEN(returned_in_vain) { CHECK(seen[0] == 2); }

EDT(satisfies_kept) {
    UNUSED;
    CHECK(seen[0] == 0);
    GIVES(0, ocrEventSatisfy(kept, block_of(5)));
    return NULL_GUID;
}
TEST2(returned_event, "207") {
    ocrGuid_t out, edt = edt_out(returns_event, EDT_PROP_NONE, &out);
    kept = event_of(OCR_EVENT_STICKY_T);
    ocrAddDependence(out, edt_of(counts, 1), 0, DB_MODE_RO);
    go(edt);
    go(edt_of(satisfies_kept, 1));
}
THEN(returned_event) { CHECK(seen[0] == 1 && seen[1] == 5); }

TEST(creations_that_make_no_sense, "208 209") {
    ocrGuid_t template_, edt = NULL_GUID;
    u64 param = 1;
    GIVES(0, ocrEdtTemplateCreate(&template_, got_nothing, 0, 1));
    GIVES(OCR_EINVAL, ocrEdtCreate(&edt, template_, 0, &param, 1, NULL, EDT_PROP_NONE, NULL_HINT, NULL));
    GIVES(OCR_EINVAL, ocrEdtCreate(&edt, template_, EDT_PARAM_DEF, &param, 1, NULL, EDT_PROP_NONE, NULL_HINT, NULL));
    GIVES(OCR_EPERM, ocrEdtCreate(NULL, template_, 0, NULL, 1, NULL, EDT_PROP_NONE, PICK_1_1(NULL_HINT, NULL_GUID), NULL));
    CHECK(ocrGuidIsNull(edt));
    ocrEdtTemplateDestroy(template_);
}

TEST(too_many_slots, "198") {
    ocrGuid_t template_, edt = NULL_GUID;
    GIVES(0, ocrEdtTemplateCreate(&template_, got_nothing, 0, EDT_PARAM_UNK));
    GIVES(OCR_EINVAL, ocrEdtCreate(&edt, template_, 0, NULL, 2000000000, NULL, EDT_PROP_NONE, NULL_HINT, NULL));
    GIVES(OCR_EINVAL, ocrEdtCreate(&edt, template_, 0, NULL, 65536, NULL, EDT_PROP_NONE, NULL_HINT, NULL));
    CHECK(ocrGuidIsNull(edt));
    GIVES(0, ocrEdtCreate(&edt, template_, 0, NULL, 65535, NULL, EDT_PROP_NONE, NULL_HINT, NULL));
    GIVES(0, ocrEdtDestroy(edt));
    ocrEdtTemplateDestroy(template_);
}
