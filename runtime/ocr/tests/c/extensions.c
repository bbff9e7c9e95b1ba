/* Hints, affinity, labels, what runtimes on top use, pauses, collective events, bad input. */
#include <sys/resource.h>
#include "check.h"
#include "extensions/ocr-affinity.h"
#include "extensions/ocr-labeling.h"
#include "extensions/ocr-pause.h"
#include "extensions/ocr-reduction-event.h"
#include "extensions/ocr-runtime-itf.h"

TEST(hints, "135 136 137 138 139") {
    ocrHint_t hint;
    u64 value = 0;
    GIVES(0, ocrHintInit(&hint, OCR_HINT_EDT_T));
    GIVES(OCR_ENOENT, ocrGetHintValue(&hint, OCR_HINT_EDT_PRIORITY, &value));
    GIVES(0, ocrSetHintValue(&hint, OCR_HINT_EDT_PRIORITY, 7));
    GIVES(0, ocrSetHintValue(&hint, OCR_HINT_EDT_SPACE, 3));
    GIVES(0, ocrGetHintValue(&hint, OCR_HINT_EDT_PRIORITY, &value));
    CHECK(value == 7);
    GIVES(0, ocrUnsetHintValue(&hint, OCR_HINT_EDT_PRIORITY));
    GIVES(OCR_ENOENT, ocrGetHintValue(&hint, OCR_HINT_EDT_PRIORITY, &value));
    GIVES(0, ocrGetHintValue(&hint, OCR_HINT_EDT_SPACE, &value));
    GIVES(OCR_EINVAL, ocrSetHintValue(&hint, OCR_HINT_DB_NEAR, 1));
    GIVES(OCR_EINVAL, ocrSetHintValue(&hint, OCR_HINT_EDT_PROP_START, 1));
    GIVES(OCR_EINVAL, ocrSetHintValue(&hint, OCR_HINT_EDT_PROP_END, 1));
    GIVES(OCR_EINVAL, ocrHintInit(&hint, OCR_HINT_UNDEF_T));
    GIVES(OCR_EINVAL, ocrHintInit(&hint, (ocrHintType_t)77));
    GIVES(OCR_EINVAL, ocrHintInit(NULL, OCR_HINT_DB_T));
    GIVES(0, ocrHintInit(&hint, OCR_HINT_DB_T));
    GIVES(0, ocrSetHintValue(&hint, OCR_HINT_DB_HIGHBW, 1));
    GIVES(0, ocrSetHintValue(&hint, OCR_HINT_DB_LAZY, 1));
    GIVES(0, ocrSetHintValue(&hint, OCR_HINT_DB_EAGER, 1));
}

TEST2(hints_of_objects, "140 141 142 143") {
    ocrHint_t hint, back;
    ocrGuid_t template_, edt, block = block_of(1);
    u64 value = 0;
    ocrHintInit(&hint, OCR_HINT_EDT_T);
    ocrSetHintValue(&hint, OCR_HINT_EDT_PRIORITY, 9);
    ocrEdtTemplateCreate(&template_, counts, 0, 1);
    GIVES(0, ocrSetHint(template_, &hint));
    ocrHintInit(&hint, OCR_HINT_EDT_T);
    ocrSetHintValue(&hint, OCR_HINT_EDT_SPACE, 4);
    GIVES(0, ocrEdtCreate(&edt, template_, 0, NULL, 1, NULL, EDT_PROP_NONE, &hint, NULL));
    ocrHintInit(&back, OCR_HINT_EDT_T);
    GIVES(0, ocrGetHint(edt, &back));
    GIVES(0, ocrGetHintValue(&back, OCR_HINT_EDT_PRIORITY, &value));
    CHECK(value == 9);
    GIVES(0, ocrGetHintValue(&back, OCR_HINT_EDT_SPACE, &value));
    CHECK(value == 4);
    GIVES(OCR_EINVAL, ocrSetHint(block, &hint));
    ocrHintInit(&hint, OCR_HINT_DB_T);
    ocrSetHintValue(&hint, OCR_HINT_DB_NEAR, 1);
    GIVES(0, ocrSetHint(block, &hint));
    ocrHintInit(&back, OCR_HINT_DB_T);
    GIVES(0, ocrGetHint(block, &back));
    GIVES(0, ocrGetHintValue(&back, OCR_HINT_DB_NEAR, &value));
    GIVES(OCR_EINVAL, ocrGetHint(edt, &back));
    GIVES(OCR_EINVAL, ocrSetHint(NULL_GUID, &hint));
    GIVES(0, ocrAddDependence(block, edt, 0, DB_MODE_RO));
    ocrEdtTemplateDestroy(template_);
}
THEN(hints_of_objects) { CHECK(seen[0] == 1 && seen[1] == 1); }

TEST2(affinities, "144 145 146 147 148 149") {
    u64 number = 0, some, one;
    ocrGuid_t all[64], at, current, of;
    GIVES(0, ocrAffinityCount(AFFINITY_PD, &number));
    CHECK(number >= 1 && number <= 64);
    some = number;
    GIVES(0, ocrAffinityGet(AFFINITY_PD, &some, all));
    CHECK(some == number);
    GIVES(0, ocrAffinityGetCurrent(&current));
    bool is_one = false;
    for (u64 i = 0; i < number; i++) {
        GIVES(0, ocrAffinityGetAt(AFFINITY_PD, i, &at));
        CHECK(ocrGuidIsEq(at, all[i]));
        is_one = is_one || ocrGuidIsEq(at, current);
    }
    CHECK(is_one);
    GIVES(OCR_EINVAL, ocrAffinityGetAt(AFFINITY_PD, number, &at));
    GIVES(OCR_EINVAL, ocrAffinityCount((ocrAffinityKind)9, &number));
    one = 1;
    GIVES(0, ocrAffinityQuery(block_of(1), &one, &of));
    CHECK(one == 1 && !ocrGuidIsNull(of));
    ocrHint_t hint;
    ocrGuid_t template_;
    ocrHintInit(&hint, OCR_HINT_EDT_T);
    GIVES(0, ocrSetHintValue(&hint, OCR_HINT_EDT_AFFINITY, ocrAffinityToHintValue(all[0])));
    ocrEdtTemplateCreate(&template_, counts, 0, 0);
    GIVES(0, ocrEdtCreate(NULL, template_, 0, NULL, 0, NULL, EDT_PROP_NONE, &hint, NULL));
    ocrEdtTemplateDestroy(template_);
}
THEN(affinities) { CHECK(seen[0] == 1); }

TEST(ranges, "150 151 159 160") {
    ocrGuid_t range, a, b;
    GIVES(0, ocrGuidRangeCreate(&range, 10, GUID_USER_EVENT_STICKY));
    GIVES(0, ocrGuidFromIndex(&a, range, 0));
    GIVES(0, ocrGuidFromIndex(&b, range, 9));
    CHECK(!ocrGuidIsEq(a, b) && ocrGuidIsEq(addValueToGuid(a, 9), b));
    GIVES(OCR_EINVAL, ocrGuidFromIndex(&b, range, 10));
    GIVES(OCR_EINVAL, ocrGuidFromIndex(&b, NULL_GUID, 0));
    GIVES(OCR_EINVAL, ocrGuidRangeCreate(&range, 10, (ocrGuidUserKind)99));
    GIVES(OCR_EINVAL, ocrGuidRangeCreate(&range, 0, GUID_USER_DB));
    GIVES(0, ocrGuidMapDestroy(range));
    GIVES(OCR_EINVAL, ocrGuidMapDestroy(range));
    GIVES(OCR_EINVAL, ocrGuidFromIndex(&b, range, 0));
}

static ocrGuid_t label(ocrGuidUserKind kind, u64 index) {
    ocrGuid_t range, guid = NULL_GUID;
    GIVES(0, ocrGuidRangeCreate(&range, index + 1, kind));
    GIVES(0, ocrGuidFromIndex(&guid, range, index));
    return guid;
}

TEST2(labelled_events, "152 155 156") {
    ocrGuid_t event = label(GUID_USER_EVENT_STICKY, 3), same = event;
    GIVES(0, ocrEventCreate(&event, OCR_EVENT_STICKY_T, GUID_PROP_CHECK | EVT_PROP_TAKES_ARG));
    CHECK(ocrGuidIsEq(event, same));
    GIVES(OCR_EGUIDEXISTS, ocrEventCreate(&same, OCR_EVENT_STICKY_T, GUID_PROP_CHECK | EVT_PROP_TAKES_ARG));
    GIVES(0, ocrAddDependence(event, edt_of(counts, 1), 0, DB_MODE_RO));
    GIVES(0, ocrEventSatisfy(same, block_of(4)));
    GIVES(0, ocrEventDestroy(event));
    GIVES(0, ocrEventCreate(&event, OCR_EVENT_ONCE_T, GUID_PROP_CHECK | EVT_PROP_TAKES_ARG));
    GIVES(0, ocrEventSatisfy(event, NULL_GUID));
    GIVES(0, ocrEventCreate(&event, OCR_EVENT_ONCE_T, GUID_PROP_IS_LABELED | EVT_PROP_TAKES_ARG));
    GIVES(0, ocrEventDestroy(event));
}
THEN(labelled_events) { CHECK(seen[0] == 1 && seen[1] == 4); }

TEST2(labelled_blocks_and_edts, "153 154 163") {
    ocrGuid_t block = label(GUID_USER_DB, 0), edt = label(GUID_USER_EDT, 0), template_, out;
    u64 *at, size;
    GIVES(0, ocrDbCreate(&block, (void **)&at, 8, GUID_PROP_CHECK, NULL_HINT, NO_ALLOC));
    *at = 11;
    GIVES(OCR_EGUIDEXISTS, ocrDbCreate(&block, (void **)&at, 8, GUID_PROP_CHECK, NULL_HINT, NO_ALLOC));
    CHECK(at == NULL);
    GIVES(0, ocrDbGetSize(block, &size));
    GIVES(0, ocrDbRelease(block));
    ocrEdtTemplateCreate(&template_, counts, 0, 1);
    GIVES(0, ocrEdtCreate(&edt, template_, 0, NULL, 1, NULL, GUID_PROP_CHECK, NULL_HINT, NULL));
    GIVES(OCR_EGUIDEXISTS, ocrEdtCreate(&edt, template_, 0, NULL, 1, NULL, GUID_PROP_CHECK, NULL_HINT, NULL));
    GIVES(OCR_EINVAL, ocrEdtCreate(&edt, template_, 0, NULL, 1, &block, GUID_PROP_IS_LABELED, NULL_HINT, NULL));
    GIVES(OCR_EINVAL, ocrEdtCreate(&edt, template_, 0, NULL, 1, NULL, GUID_PROP_IS_LABELED, NULL_HINT, &out));
    GIVES(0, ocrAddDependence(block, edt, 0, DB_MODE_RO));
    ocrEdtTemplateDestroy(template_);
}
THEN(labelled_blocks_and_edts) { CHECK(seen[0] == 1 && seen[1] == 11); }

TEST2(labels_before_objects, "157") {
    ocrGuid_t event = label(GUID_USER_EVENT_STICKY, 0), later = label(GUID_USER_EVENT_STICKY, 0);
    ocrGuid_t edt = label(GUID_USER_EDT, 0), template_;
    GIVES(0, ocrAddDependence(event, edt_of(counts, 1), 0, DB_MODE_RO));
    GIVES(0, ocrEventSatisfy(later, block_of(6)));
    GIVES(0, ocrAddDependence(later, event, 0, DB_MODE_RO));
    GIVES(0, ocrAddDependence(later, edt, 0, DB_MODE_RO));
    GIVES(0, ocrEventCreate(&event, OCR_EVENT_STICKY_T, GUID_PROP_IS_LABELED | EVT_PROP_TAKES_ARG));
    CHECK(seen[0] == 0);
    GIVES(0, ocrEventCreate(&later, OCR_EVENT_STICKY_T, GUID_PROP_IS_LABELED | EVT_PROP_TAKES_ARG));
    ocrEdtTemplateCreate(&template_, counts, 0, 1);
    GIVES(0, ocrEdtCreate(&edt, template_, 0, NULL, 1, NULL, GUID_PROP_IS_LABELED, NULL_HINT, NULL));
    ocrEdtTemplateDestroy(template_);
}
THEN(labels_before_objects) { CHECK(seen[0] == 2 && seen[1] == 12); }

static ocrGuid_t place(ocrGuid_t first, u64 skip, s64 *params, s64 *tuple) {
    first.guid += (intptr_t)(skip * (u64)(tuple[0] * params[0] + tuple[1]));
    return first;
}
TEST(maps, "158 159 160 161") {
    ocrGuid_t map, a, b;
    s64 width = 10, tuple[2] = {2, 3}, other[2] = {9, 9}, outside[2] = {10, 0};
    GIVES(OCR_EINVAL, ocrGuidFromLabel(&a, NULL_GUID, tuple));
    GIVES(0, ocrGuidMapCreate(&map, 1, place, &width, 100, GUID_USER_EVENT_STICKY));
    GIVES(0, ocrGuidFromLabel(&a, map, tuple));
    GIVES(0, ocrGuidFromLabel(&b, map, other));
    CHECK(!ocrGuidIsEq(a, b) && ocrGuidIsEq(addValueToGuid(a, 76), b));
    GIVES(OCR_EINVAL, ocrGuidFromLabel(&a, map, outside));
    GIVES(0, ocrEventCreate(&b, OCR_EVENT_STICKY_T, GUID_PROP_IS_LABELED));
    GIVES(0, ocrEventDestroy(b));
    GIVES(0, ocrGuidMapDestroy(map));
    GIVES(OCR_EINVAL, ocrGuidFromLabel(&a, map, tuple));
    GIVES(OCR_EINVAL, ocrGuidMapCreate(&map, 1, NULL, &width, 100, GUID_USER_EVENT_STICKY));
    GIVES(0, ocrGuidMapSetDefaultMap(1, place, &width, 100, GUID_USER_DB));
    GIVES(0, ocrGuidFromLabel(&a, NULL_GUID, tuple));
    CHECK(!ocrGuidIsNull(a));
}

TEST(kinds, "162") {
    ocrGuid_t event = event_of(OCR_EVENT_STICKY_T), block = block_of(1), edt = edt_of(counts, 1);
    ocrGuidUserKind kind;
    GIVES(0, ocrGetGuidKind(&kind, event));
    CHECK(kind == GUID_USER_EVENT_STICKY);
    GIVES(0, ocrGetGuidKind(&kind, block));
    CHECK(kind == GUID_USER_DB);
    GIVES(0, ocrGetGuidKind(&kind, edt));
    CHECK(kind == GUID_USER_EDT);
    ocrEventDestroy(event);
    ocrDbDestroy(block);
    ocrEdtDestroy(edt);
    GIVES(0, ocrGetGuidKind(&kind, event));
    CHECK(kind == GUID_USER_NONE);
    GIVES(0, ocrGetGuidKind(&kind, label(GUID_USER_DB, 0)));
    CHECK(kind == GUID_USER_NONE);
}

static ocrGuid_t taken;
EDT(frees_label) {
    UNUSED;
    count_up(0);
    ocrEventDestroy(taken);
    return NULL_GUID;
}
TEST2(blocking_labels, "164") {
    taken = label(GUID_USER_EVENT_STICKY, 0);
    GIVES(0, ocrEventCreate(&taken, OCR_EVENT_STICKY_T, GUID_PROP_IS_LABELED));
    edt_of(frees_label, 0);
    GIVES(0, ocrEventCreate(&taken, OCR_EVENT_STICKY_T, GUID_PROP_BLOCK));
    CHECK(seen[0] == 1);
    GIVES(0, ocrEventDestroy(taken));
}
THEN(blocking_labels) { CHECK(seen[0] == 1); }

EDT(races) {
    UNUSED;
    for (u64 i = 0; i < 100; i++) {
        ocrGuid_t event = addValueToGuid(taken, i);
        u8 code = ocrEventCreate(&event, OCR_EVENT_STICKY_T, GUID_PROP_CHECK | EVT_PROP_TAKES_ARG);
        CHECK(code == 0 || code == OCR_EGUIDEXISTS);
        if (code == 0) count_up(0);
    }
    return NULL_GUID;
}
TEST2(racing_labels, "165") {
    ocrGuid_t range;
    ocrGuidRangeCreate(&range, 100, GUID_USER_EVENT_STICKY);
    ocrGuidFromIndex(&taken, range, 0);
    for (int i = 0; i < 16; i++) edt_of(races, 0);
}
THEN(racing_labels) { CHECK(seen[0] == 100); }

EDT(knows_itself) {
    UNUSED;
    ocrGuid_t me, out, null = ocrElsUserGet(3);
    CHECK(ocrGuidIsNull(null));
    ocrElsUserSet(3, depv[0].guid);
    CHECK(ocrGuidIsEq(ocrElsUserGet(3), depv[0].guid) && ocrGuidIsNull(ocrElsUserGet(0)));
    CHECK(ocrGuidIsNull(ocrElsUserGet(200)));
    GIVES(0, ocrCurrentEdtGet(&me));
    CHECK(ocrGuidIsEq(me, currentEdtUserGet()) && !ocrGuidIsNull(me) && (u64)me.guid != paramv[0]);
    GIVES(0, ocrCurrentEdtOutputGet(&out));
    CHECK((u64)out.guid == paramv[0]);
    CHECK(ocrNbWorkers() >= 1 && !ocrGuidIsNull(ocrCurrentWorkerGuid()));
    GIVES(0, ocrInformLegacyCodeBlocking());
    count_up(0);
    return NULL_GUID;
}
TEST2(for_runtimes, "166 167 168 169 170") {
    ocrGuid_t template_, edt, out = event_of(OCR_EVENT_STICKY_T);
    u64 param = (u64)out.guid;
    ocrEdtTemplateCreate(&template_, knows_itself, 1, 1);
    GIVES(0, ocrEdtCreate(&edt, template_, 1, &param, 1, NULL, EDT_PROP_OEVT_VALID, NULL_HINT, &out));
    GIVES(0, ocrAddDependence(block_of(1), edt, 0, DB_MODE_RO));
    ocrEdtTemplateDestroy(template_);
}
THEN(for_runtimes) { CHECK(seen[0] == 1); }

EDT(satisfies) {
    UNUSED;
    ocrGuid_t event = {(intptr_t)paramv[0]};
    GIVES(0, ocrEventSatisfy(event, block_of(21)));
    return NULL_GUID;
}
TEST(waiting_edts, "177 178") {
    ocrGuid_t event = event_of(OCR_EVENT_STICKY_T), came = NULL_GUID;
    u64 param = (u64)event.guid, *at = NULL, size = 0;
    edt_with(satisfies, 1, &param, 0);
    GIVES(0, ocrLegacyBlockProgress(event, &came, (void **)&at, &size, LEGACY_PROP_NONE));
    CHECK(size == 8 && at != NULL && !ocrGuidIsNull(came));
    GIVES(0, ocrEventDestroy(event));
    GIVES(OCR_EINVAL, ocrLegacyBlockProgress(event, NULL, NULL, NULL, LEGACY_PROP_NONE));
    GIVES(OCR_EINVAL, ocrLegacyBlockProgress(NULL_GUID, NULL, NULL, NULL, LEGACY_PROP_NONE));
}

/* Who has released what came on its slots has it no more, and asks for it as everybody does. */
EDT(writes_over) {
    UNUSED;
    *(u64 *)depv[0].ptr = 8;
    count_up(0);
    return NULL_GUID;
}
EDT(has_again) {
    (void)paramc, (void)depc;
    ocrGuid_t event = {(intptr_t)paramv[0]}, block = depv[0].guid;
    u64 *at = NULL;
    CHECK(depv[0].ptr == depv[1].ptr);
    GIVES(0, ocrDbRelease(block));
    ocrAddDependence(block, edt_of(writes_over, 1), 0, DB_MODE_EW);
    GIVES(0, ocrLegacyBlockProgress(event, NULL, (void **)&at, NULL, LEGACY_PROP_NONE));
    CHECK(seen[0] == 1 && at != NULL && *at == 8);
    GIVES(0, ocrDbRelease(block));
    GIVES(OCR_EACCES, ocrDbRelease(block));
    /* After its end nobody has what is destroyed. */
    GIVES(0, ocrDbDestroy(block));
    GIVES(OCR_EINVAL, ocrLegacyBlockProgress(event, NULL, (void **)&at, NULL, LEGACY_PROP_NONE));
    GIVES(0, ocrEventDestroy(event));
    return NULL_GUID;
}
TEST(asking_again, "177 206") {
    ocrGuid_t event = event_of(OCR_EVENT_STICKY_T), block = block_of(7);
    u64 param = (u64)event.guid;
    GIVES(0, ocrEventSatisfy(event, block));
    ocrGuid_t edt = edt_with(has_again, 1, &param, 2);
    ocrAddDependence(block, edt, 0, DB_MODE_RW);
    ocrAddDependence(block, edt, 1, DB_MODE_RW);
}

/* Who has paused cannot wait for what has not come: nothing starts that could bring it. */
TEST(waits_in_a_pause, "178 179") {
    ocrGuid_t event = event_of(OCR_EVENT_STICKY_T), came = event_of(OCR_EVENT_STICKY_T), none = NULL_GUID;
    ocrGuid_t name = label(GUID_USER_EVENT_STICKY, 0);
    u64 param = (u64)event.guid, *at = NULL;
    GIVES(0, ocrEventCreate(&name, OCR_EVENT_STICKY_T, GUID_PROP_CHECK));
    GIVES(0, ocrEventSatisfy(came, NULL_GUID));
    CHECK(ocrPause(true) == 1);
    edt_with(satisfies, 1, &param, 0);
    GIVES(OCR_EPERM, ocrLegacyBlockProgress(event, &none, NULL, NULL, LEGACY_PROP_NONE));
    CHECK(ocrGuidIsError(ocrWait(event)));
    GIVES(OCR_EPERM, ocrEventCreate(&name, OCR_EVENT_STICKY_T, GUID_PROP_BLOCK));
    GIVES(OCR_EPERM, ocrInformLegacyCodeBlocking());
    GIVES(0, ocrLegacyBlockProgress(came, &none, NULL, NULL, LEGACY_PROP_NONE));
    ocrResume(0);
    GIVES(0, ocrInformLegacyCodeBlocking());
    GIVES(0, ocrLegacyBlockProgress(event, &none, (void **)&at, NULL, LEGACY_PROP_NONE));
    CHECK(at != NULL && *at == 21);
    GIVES(0, ocrEventDestroy(event));
    GIVES(0, ocrEventDestroy(came));
    GIVES(0, ocrEventDestroy(name));
}

TEST2(pauses, "179 180") {
    ocrGuid_t event = event_of(OCR_EVENT_STICKY_T), list, *all;
    u32 size = 0;
    list = ocrQuery(OCR_QUERY_EVENTS, NULL_GUID, (void **)&all, &size, 0);
    CHECK(ocrGuidIsNull(list) && size == 0);
    CHECK(ocrPause(true) == 1);
    edt_of(counts, 0);
    list = ocrQuery(OCR_QUERY_EVENTS, NULL_GUID, (void **)&all, &size, 0);
    CHECK(!ocrGuidIsNull(list) && size >= sizeof(ocrGuid_t));
    bool found = false;
    for (u32 i = 0; i < size / sizeof *all; i++) found = found || ocrGuidIsEq(all[i], event);
    CHECK(found && seen[0] == 0);
    ocrResume(0);
    ocrDbDestroy(list);
    ocrEventDestroy(event);
}
THEN(pauses) { CHECK(seen[0] == 1); }

EDT(got_reduced) {
    UNUSED;
    CHECK(*(double *)depv[0].ptr == (double)paramv[0]);
    count_up(0);
    return NULL_GUID;
}
static ocrEventParams_t reduction(u32 contributions, redOp_t operator_) {
    ocrEventParams_t params;
    memset(&params, 0, sizeof params);
    params.EVENT_COLLECTIVE.maxGen = 4;
    params.EVENT_COLLECTIVE.nbContribs = params.EVENT_COLLECTIVE.nbContribsPd = contributions;
    params.EVENT_COLLECTIVE.nbDatum = 1;
    params.EVENT_COLLECTIVE.arity = 2;
    params.EVENT_COLLECTIVE.op = operator_;
    params.EVENT_COLLECTIVE.type = COL_ALLREDUCE;
    return params;
}
TEST2(collective, "181 182 184") {
    ocrGuid_t event = label(GUID_USER_EVENT_COLLECTIVE, 0);
    ocrEventParams_t params = reduction(4, REDOP_F8_ADD);
    GIVES(0, ocrEventCreateParams(&event, OCR_EVENT_COLLECTIVE_T, GUID_PROP_IS_LABELED, &params));
    for (u64 round = 1; round <= 8; round++) {
        for (u32 slot = 0; slot < 4; slot++) {
            double value = (double)round;
            u64 sum = 4 * round;
            GIVES(0, ocrAddDependenceSlot(event, slot, edt_with(got_reduced, 1, &sum, 1), 0, DB_MODE_RO));
            GIVES(0, ocrEventCollectiveSatisfySlot(event, &value, slot));
        }
    }
    double value = 0;
    GIVES(OCR_EINVAL, ocrEventCollectiveSatisfySlot(event, &value, 4));
    GIVES(OCR_EINVAL, ocrEventCollectiveSatisfySlot(event, NULL, 0));
    GIVES(OCR_EINVAL, ocrAddDependenceSlot(event, 4, event_of(OCR_EVENT_IDEM_T), 0, DB_MODE_RO));
    GIVES(0, ocrEventDestroy(event));
}
THEN(collective) { CHECK(seen[0] == 32); }

EDT(got_least) {
    UNUSED;
    CHECK(*(u64 *)depv[0].ptr == 3);
    count_up(0);
    return NULL_GUID;
}
TEST2(collective_operators, "181 183") {
    ocrGuid_t event;
    ocrEventParams_t params = reduction(3, REDOP_U8_MIN);
    GIVES(0, ocrEventCreateParams(&event, OCR_EVENT_COLLECTIVE_T, EVT_PROP_NONE, &params));
    for (u32 slot = 0; slot < 3; slot++) {
        u64 value = 5 - slot;
        GIVES(0, ocrEventCollectiveSatisfySlot(event, &value, slot));
    }
    for (u32 slot = 0; slot < 3; slot++) GIVES(0, ocrAddDependenceSlot(event, slot, edt_of(got_least, 1), 0, DB_MODE_RO));
    GIVES(0, ocrEventDestroy(event));
    params = reduction(3, REDOP_BS8 | REDOP_REAL | REDOP_BITXOR);
    GIVES(OCR_EINVAL, ocrEventCreateParams(&event, OCR_EVENT_COLLECTIVE_T, EVT_PROP_NONE, &params));
    params = reduction(0, REDOP_U8_MIN);
    GIVES(OCR_EINVAL, ocrEventCreateParams(&event, OCR_EVENT_COLLECTIVE_T, EVT_PROP_NONE, &params));
    GIVES(OCR_EINVAL, ocrEventCreateParams(&event, OCR_EVENT_COLLECTIVE_T, EVT_PROP_NONE, NULL));
}
THEN(collective_operators) { CHECK(seen[0] == 3); }

/* Everything that takes a GUID, with one that names nothing. */
static void all_fail(ocrGuid_t bad) {
    ocrGuid_t block = block_of(1), edt = edt_of(counts, 1), event = event_of(OCR_EVENT_STICKY_T), out;
    u64 size;
    ocrHint_t hint;
    ocrHintInit(&hint, OCR_HINT_DB_T);
    CHECK(ocrDbRelease(bad) != 0 && ocrDbDestroy(bad) != 0 && ocrDbGetSize(bad, &size) != 0);
    CHECK(ocrEdtTemplateDestroy(bad) != 0 && ocrEdtDestroy(bad) != 0);
    CHECK(ocrEdtCreate(&out, bad, 0, NULL, 0, NULL, EDT_PROP_NONE, NULL_HINT, NULL) != 0);
    CHECK(ocrEventDestroy(bad) != 0 && ocrEventSatisfy(bad, NULL_GUID) != 0);
    CHECK(ocrEventSatisfySlot(bad, NULL_GUID, 1) != 0);
    CHECK(ocrAddDependence(event, bad, 0, DB_MODE_RO) != 0 && ocrAddDependence(block, bad, 0, DB_MODE_RO) != 0);
    CHECK(ocrGuidMapDestroy(bad) != 0 && ocrSetHint(bad, &hint) != 0 && ocrGetHint(bad, &hint) != 0);
    CHECK(ocrEventCollectiveSatisfySlot(bad, &size, 0) != 0);
    CHECK(ocrAddDependenceSlot(bad, 3, edt, 0, DB_MODE_RO) != 0);
    if (!ocrGuidIsNull(bad)) {
        CHECK(ocrAddDependence(bad, edt, 0, DB_MODE_RO) != 0 && ocrEventSatisfy(event, bad) != 0);
    }
    ocrEdtDestroy(edt);
    ocrEventDestroy(event);
    ocrDbDestroy(block);
}
TEST2(refused_by_collective, "199") {
    ocrGuid_t event, second;
    ocrEventParams_t params = reduction(1, REDOP_F8_ADD);
    double value = 1;
    u64 sum = 1;
    params.EVENT_COLLECTIVE.maxGen = 1;
    GIVES(0, ocrEventCreateParams(&event, OCR_EVENT_COLLECTIVE_T, EVT_PROP_TAKES_ARG, &params));
    GIVES(0, ocrAddDependenceSlot(event, 0, edt_with(got_reduced, 1, &sum, 1), 0, DB_MODE_RO));
    second = edt_with(got_reduced, 1, &sum, 1);
    GIVES(OCR_ENOSPC, ocrAddDependenceSlot(event, 0, second, 0, DB_MODE_RO));
    GIVES(OCR_EINVAL, ocrAddDependenceSlot(event, 0, second, 0, 1 << 24));
    GIVES(0, ocrEventCollectiveSatisfySlot(event, &value, 0));
    GIVES(0, ocrAddDependenceSlot(event, 0, second, 0, DB_MODE_RO));
    GIVES(0, ocrEventCollectiveSatisfySlot(event, &value, 0));
    ocrEventDestroy(event);
}
THEN(refused_by_collective) { CHECK(seen[0] == 2); }

static long most_memory(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}
TEST(hints_that_go, "200") {
    enum { MANY = 60000 };
    ocrHint_t hint, of_event;
    ocrHintInit(&hint, OCR_HINT_DB_T);
    ocrSetHintValue(&hint, OCR_HINT_DB_AFFINITY, 1);
    ocrHintInit(&of_event, OCR_HINT_EVT_T);
    ocrSetHintValue(&of_event, OCR_HINT_EVT_AFFINITY, 1);
    long before = most_memory();
    for (int i = 0; i < MANY; i++) {
        ocrGuid_t block, event;
        u64 *at;
        ocrDbCreate(&block, (void **)&at, 8, DB_PROP_NONE, &hint, NO_ALLOC);
        ocrDbDestroy(block);
        if (i % 4 != 0) continue;
        ocrEventCreate(&event, OCR_EVENT_STICKY_T, EVT_PROP_NONE);
        ocrSetHint(event, &of_event);
        ocrEventDestroy(event);
    }
    /* A hint has more than 128 bytes: all of them would be above 9 MB. */
    CHECK(most_memory() - before < 6 * 1024);
}

enum { IN_ORDER = 2000 };
EDT(overtakes) {
    UNUSED;
    GIVES(0, ocrEventSatisfy(taken, block_of(IN_ORDER)));
    return NULL_GUID;
}
EDT(in_order) {
    UNUSED;
    CHECK(*(u64 *)depv[0].ptr == paramv[0]);
    count_up(0);
    return NULL_GUID;
}
TEST2(order_of_labels, "201") {
    ocrGuid_t range;
    ocrGuidRangeCreate(&range, 1, GUID_USER_EVENT_CHANNEL);
    ocrGuidFromIndex(&taken, range, 0);
    /* The first lets an EDT run that satisfies the event, too, while the rest is still to be done. */
    GIVES(0, ocrAddDependence(taken, edt_of(overtakes, 1), 0, DB_MODE_NULL));
    GIVES(0, ocrEventSatisfy(taken, NULL_GUID));
    for (u64 i = 0; i < IN_ORDER; i++) GIVES(0, ocrEventSatisfy(taken, block_of(i)));
    GIVES(0, ocrEventCreate(&taken, OCR_EVENT_CHANNEL_T, GUID_PROP_IS_LABELED | EVT_PROP_TAKES_ARG));
    for (u64 i = 0; i <= IN_ORDER; i++)
        GIVES(0, ocrAddDependence(taken, edt_with(in_order, 1, &i, 1), 0, DB_MODE_RO));
}
THEN(order_of_labels) { CHECK(seen[0] == IN_ORDER + 1); }

TEST(null_guids, "185") { all_fail(NULL_GUID); }
TEST(no_guids, "186") {
    u64 state = 88172645463325252u;
    all_fail(ERROR_GUID);
    all_fail(UNINITIALIZED_GUID);
    for (int i = 0; i < 2000; i++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        /* Of all kinds, some of them near what could be. */
        u64 word = i % 2 ? state : (state & 0x7000000000000000u) | (state & 0xffffff);
        /* A label that was reserved names something. */
        if (word >> 60 == 5) continue;
        ocrGuid_t bad = {(intptr_t)word};
        ocrGuidUserKind kind;
        ocrGetGuidKind(&kind, bad);
        if (kind == GUID_USER_NONE && !(word >> 60 == 6)) all_fail(bad);
    }
}
TEST(stale_guids, "187") {
    ocrGuid_t event = event_of(OCR_EVENT_STICKY_T), block = block_of(1), edt = edt_of(counts, 1), template_;
    ocrEdtTemplateCreate(&template_, counts, 0, 0);
    ocrEventDestroy(event);
    ocrDbDestroy(block);
    ocrEdtDestroy(edt);
    ocrEdtTemplateDestroy(template_);
    ocrGuid_t other = event_of(OCR_EVENT_STICKY_T), next = block_of(2), waits = edt_of(counts, 1), again;
    ocrEdtTemplateCreate(&again, counts, 0, 0);
    all_fail(event);
    all_fail(block);
    all_fail(edt);
    all_fail(template_);
    GIVES(0, ocrEventDestroy(other));
    GIVES(0, ocrDbDestroy(next));
    GIVES(0, ocrEdtDestroy(waits));
    GIVES(0, ocrEdtTemplateDestroy(again));
}
TEST(null_pointers, "188") {
    ocrGuid_t block = block_of(1), guid;
    u64 number;
    GIVES(OCR_EINVAL, ocrDbGetSize(block, NULL));
    GIVES(OCR_EINVAL, ocrEventCreate(NULL, OCR_EVENT_STICKY_T, EVT_PROP_NONE));
    GIVES(OCR_EINVAL, ocrEdtTemplateCreate(NULL, counts, 0, 0));
    GIVES(OCR_EINVAL, ocrDbCreate(&guid, NULL, 8, DB_PROP_NONE, NULL_HINT, NO_ALLOC));
    GIVES(OCR_EINVAL, ocrGuidRangeCreate(NULL, 1, GUID_USER_DB));
    GIVES(OCR_EINVAL, ocrGuidFromIndex(NULL, guid, 0));
    GIVES(OCR_EINVAL, ocrAffinityCount(AFFINITY_PD, NULL));
    GIVES(OCR_EINVAL, ocrAffinityGet(AFFINITY_PD, NULL, &guid));
    GIVES(OCR_EINVAL, ocrAffinityGetCurrent(NULL));
    GIVES(OCR_EINVAL, ocrGetHintValue(NULL, OCR_HINT_EDT_SPACE, &number));
    GIVES(OCR_EINVAL, ocrCurrentEdtGet(NULL));
    GIVES(OCR_EINVAL, ocrSetHint(block, NULL));
    ocrDbDestroy(block);
}

/* An EDT whose creation is refused for what was to come on a slot has ended when its other slots have what they wait for. */
TEST2(refused_creation, "209") {
    ocrEventParams_t params = reduction(1, REDOP_F8_ADD);
    ocrGuid_t waited = event_of(OCR_EVENT_STICKY_T), collective, channel, out, edt, two, three;
    ocrGuid_t unknown = label(GUID_USER_EVENT_STICKY, 0);
    GIVES(0, ocrEventCreateParams(&collective, OCR_EVENT_COLLECTIVE_T, EVT_PROP_NONE, &params));
    params.EVENT_CHANNEL.maxGen = params.EVENT_CHANNEL.nbSat = params.EVENT_CHANNEL.nbDeps = 1;
    GIVES(0, ocrEventCreateParams(&channel, OCR_EVENT_CHANNEL_T, EVT_PROP_NONE, &params));
    GIVES(0, ocrAddDependence(channel, edt_of(counts, 1), 0, DB_MODE_RO));
    unknown.guid += 1 << 30;
    GIVES(0, ocrEdtTemplateCreate(&two, counts, 0, 2));
    GIVES(0, ocrEdtTemplateCreate(&three, counts, 0, 3));
    struct {
        ocrGuid_t what;
        u8 code;
    } refused[] = {{label(GUID_USER_EDT, 0), OCR_EPERM}, {label(GUID_USER_EDT_TEMPLATE, 0), OCR_EPERM},
                   {unknown, OCR_EINVAL}, {collective, OCR_EINVAL}, {channel, OCR_ENOSPC}};
    for (size_t at = 0; at < sizeof refused / sizeof *refused; at++) {
        ocrGuid_t all[] = {waited, UNINITIALIZED_GUID, refused[at].what}, bare[] = {refused[at].what, NULL_GUID};
        edt = NULL_GUID;
        GIVES(refused[at].code, ocrEdtCreate(&edt, three, 0, NULL, 3, all, EDT_PROP_NONE, NULL_HINT, NULL));
        /* What no event can be is seen before anything is made. */
        CHECK(ocrGuidIsNull(edt) == (at < 3));
        GIVES(refused[at].code, ocrEdtCreate(NULL, two, 0, NULL, 2, bare, EDT_PROP_NONE, NULL_HINT, NULL));
        GIVES(refused[at].code, ocrEdtCreate(NULL, two, 0, NULL, 2, bare, EDT_PROP_FINISH, NULL_HINT, &out));
        out = NULL_GUID;
        GIVES(refused[at].code, ocrEdtCreate(NULL, two, 0, NULL, 2, bare, EDT_PROP_NONE, NULL_HINT, &out));
        if (!ocrGuidIsNull(out)) GIVES(OCR_EINVAL, ocrEventSatisfy(out, NULL_GUID));
    }
    GIVES(0, ocrEventSatisfy(waited, block_of(3)));
    GIVES(0, ocrEventSatisfy(channel, NULL_GUID));
    GIVES(0, ocrEventDestroy(collective));
    ocrEdtTemplateDestroy(two);
    ocrEdtTemplateDestroy(three);
}
THEN(refused_creation) { CHECK(seen[0] == 1 && seen[1] == 0); }

/* The GUIDs of an EDT and of its output event go where its dependences came from. */
TEST2(guids_over_dependences, "213") {
    ocrGuid_t one, many, waited = event_of(OCR_EVENT_STICKY_T), what[9];
    GIVES(0, ocrEdtTemplateCreate(&one, counts, 0, 1));
    GIVES(0, ocrEdtTemplateCreate(&many, counts, 0, 9));
    what[0] = waited;
    GIVES(0, ocrEdtCreate(what, one, 0, NULL, 1, what, EDT_PROP_NONE, NULL_HINT, NULL));
    CHECK(!ocrGuidIsEq(what[0], waited));
    what[0] = waited;
    GIVES(0, ocrEdtCreate(NULL, one, 0, NULL, 1, what, EDT_PROP_NONE, NULL_HINT, what));
    CHECK(!ocrGuidIsEq(what[0], waited));
    for (int at = 0; at < 9; at++) what[at] = waited;
    GIVES(0, ocrEdtCreate(what + 8, many, 0, NULL, 9, what, EDT_PROP_NONE, NULL_HINT, what + 7));
    GIVES(0, ocrEventSatisfy(waited, block_of(3)));
    ocrEdtTemplateDestroy(one);
    ocrEdtTemplateDestroy(many);
}
THEN(guids_over_dependences) { CHECK(seen[0] == 3 && seen[1] == 3 * 11); }
