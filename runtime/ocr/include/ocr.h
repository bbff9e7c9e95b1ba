/* Programs of the Open Community Runtime (OCR 1.2) on Sprat: types, constants and functions.
 *
 * Everything is declared here, extensions included: the headers under extensions/ lead here. What the functions mean is
 * OCR's; where Sprat says more, or something else, it is said at the function. A function that can fail gives 0, or one
 * of the OCR_E... numbers; if it fails, nothing has changed. */
#ifndef SPRAT_OCR_H
#define SPRAT_OCR_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Extensions: all are there. */
#ifndef ENABLE_EXTENSION_AFFINITY
#define ENABLE_EXTENSION_AFFINITY 1
#endif
#ifndef ENABLE_EXTENSION_CHANNEL_EVT
#define ENABLE_EXTENSION_CHANNEL_EVT 1
#endif
#ifndef ENABLE_EXTENSION_COLLECTIVE_EVT
#define ENABLE_EXTENSION_COLLECTIVE_EVT 1
#endif
#ifndef ENABLE_EXTENSION_COUNTED_EVT
#define ENABLE_EXTENSION_COUNTED_EVT 1
#endif
#ifndef ENABLE_EXTENSION_DB_INFO
#define ENABLE_EXTENSION_DB_INFO 1
#endif
#ifndef ENABLE_EXTENSION_LABELING
#define ENABLE_EXTENSION_LABELING 1
#endif
#ifndef ENABLE_EXTENSION_LEGACY
#define ENABLE_EXTENSION_LEGACY 1
#endif
#ifndef ENABLE_EXTENSION_MULTI_OUTPUT_SLOT
#define ENABLE_EXTENSION_MULTI_OUTPUT_SLOT 1
#endif
#ifndef ENABLE_EXTENSION_PARAMS_EVT
#define ENABLE_EXTENSION_PARAMS_EVT 1
#endif
#ifndef ENABLE_EXTENSION_PAUSE
#define ENABLE_EXTENSION_PAUSE 1
#endif
#ifndef ENABLE_EXTENSION_RTITF
#define ENABLE_EXTENSION_RTITF 1
#endif

/* ---- Types ---- */

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#ifndef TRUE
#define TRUE true
#endif
#ifndef FALSE
#define FALSE false
#endif

/* The name of an object. */
#define GUID_BIT_COUNT 64
typedef struct {
    intptr_t guid;
} ocrGuid_t;

#ifdef __cplusplus
#define NULL_GUID_INITIALIZER {0x0}
#define UNINITIALIZED_GUID_INITIALIZER {-2}
#define ERROR_GUID_INITIALIZER {-1}
#define NULL_GUID (ocrGuid_t NULL_GUID_INITIALIZER)
#define UNINITIALIZED_GUID (ocrGuid_t UNINITIALIZED_GUID_INITIALIZER)
#define ERROR_GUID (ocrGuid_t ERROR_GUID_INITIALIZER)
#else
#define NULL_GUID_INITIALIZER {.guid = 0x0}
#define UNINITIALIZED_GUID_INITIALIZER {.guid = -2}
#define ERROR_GUID_INITIALIZER {.guid = -1}
#define NULL_GUID ((ocrGuid_t)NULL_GUID_INITIALIZER)
#define UNINITIALIZED_GUID ((ocrGuid_t)UNINITIALIZED_GUID_INITIALIZER)
#define ERROR_GUID ((ocrGuid_t)ERROR_GUID_INITIALIZER)
#endif

/* For messages: printf("an object: " GUIDF "\n", GUIDA(guid)). */
#define GUIDF "0x%" PRIxPTR
#define GUIDA(guid_) ((guid_).guid)
#define GUIDSx GUIDF
#define GUIDLx GUIDF
#define GUIDFS(guid_) GUIDA(guid_)
#define GUIDFL(guid_) GUIDA(guid_)
#define GUID_ASSIGN_VALUE(to_, from_) ((to_) = (from_))
#define GUID_SIZE(guid_) (sizeof(guid_) * 8)

static inline bool ocrGuidIsNull(ocrGuid_t guid) { return guid.guid == 0; }
static inline bool ocrGuidIsUninitialized(ocrGuid_t guid) { return guid.guid == -2; }
static inline bool ocrGuidIsError(ocrGuid_t guid) { return guid.guid == -1; }
static inline bool ocrGuidIsEq(ocrGuid_t a, ocrGuid_t b) { return a.guid == b.guid; }
static inline bool ocrGuidIsLt(ocrGuid_t a, ocrGuid_t b) { return a.guid < b.guid; }
/* The names of old. */
static inline bool IS_GUID_NULL(ocrGuid_t guid) { return ocrGuidIsNull(guid); }
static inline bool IS_GUID_UNINITIALIZED(ocrGuid_t guid) { return ocrGuidIsUninitialized(guid); }
static inline bool IS_GUID_ERROR(ocrGuid_t guid) { return ocrGuidIsError(guid); }
static inline bool IS_GUID_EQUAL(ocrGuid_t a, ocrGuid_t b) { return ocrGuidIsEq(a, b); }
static inline bool IS_GUID_LESS_THAN(ocrGuid_t a, ocrGuid_t b) { return ocrGuidIsLt(a, b); }
/* The label that lies so many behind this one in its range. */
static inline ocrGuid_t addValueToGuid(ocrGuid_t guid, u64 value) {
    guid.guid = (intptr_t)((u64)guid.guid + value);
    return guid;
}

/* ---- Errors ---- */

#define OCR_EPERM 1
#define OCR_ENOENT 2
#define OCR_EINTR 4
#define OCR_EIO 5
#define OCR_ENXIO 6
#define OCR_E2BIG 7
#define OCR_ENOEXEC 8
#define OCR_EAGAIN 11
#define OCR_ENOMEM 12
#define OCR_EACCES 13
#define OCR_EFAULT 14
#define OCR_EBUSY 16
#define OCR_ENODEV 19
#define OCR_EINVAL 22
#define OCR_ENOSPC 28
#define OCR_ESPIPE 29
#define OCR_EROFS 30
#define OCR_EDOM 33
#define OCR_ERANGE 34
#define OCR_ENOSYS 38
#define OCR_ENOTEMPTY 39
#define OCR_ENOTSUP 95
#define OCR_EGUIDEXISTS 100
#define OCR_EACQ 101
#define OCR_EPEND 102
#define OCR_ENOP 103
#define OCR_EDEFERRED 104
#define OCR_ECANCELED 125

/* ---- Hints: they change no result ---- */

typedef enum {
    OCR_HINT_UNDEF_T,
    OCR_HINT_EDT_T,
    OCR_HINT_DB_T,
    OCR_HINT_EVT_T,
    OCR_HINT_GROUP_T
} ocrHintType_t;

typedef enum {
    OCR_HINT_EDT_PROP_START,
    OCR_HINT_EDT_PRIORITY,
    OCR_HINT_EDT_SLOT_MAX_ACCESS,
    OCR_HINT_EDT_AFFINITY,
    OCR_HINT_EDT_DISPERSE,
    OCR_HINT_EDT_SPACE,
    OCR_HINT_EDT_TIME,
    OCR_HINT_EDT_STATS_HW_CYCLES,
    OCR_HINT_EDT_STATS_L1_HITS,
    OCR_HINT_EDT_STATS_L1_MISSES,
    OCR_HINT_EDT_STATS_FLOAT_OPS,
    OCR_HINT_EDT_PROP_END,

    OCR_HINT_DB_PROP_START,
    OCR_HINT_DB_AFFINITY,
    OCR_HINT_DB_NEAR,
    OCR_HINT_DB_INTER,
    OCR_HINT_DB_FAR,
    OCR_HINT_DB_HIGHBW,
    OCR_HINT_DB_EAGER,
    OCR_HINT_DB_LAZY,
    OCR_HINT_DB_PROP_END,

    OCR_HINT_EVT_PROP_START,
    OCR_HINT_EVT_AFFINITY,
    OCR_HINT_EVT_PROP_END,

    OCR_HINT_GROUP_PROP_START,
    OCR_HINT_GROUP_PROP_END
} ocrHintProp_t;

typedef uint64_t ocrHintVal_t;

/* Make one with ocrHintInit. A property with number n of its kind is bit n of the mask. */
typedef struct {
    ocrHintType_t type;
    u64 propMask;
    u64 props[16];
} ocrHint_t;

#define NULL_HINT ((ocrHint_t *)0x0)
/* Programs that were written for OCR 1.0 and 1.1 alike name both a hint and what was there before. */
#define PICK_1_1(hint_, affinity_) (hint_)
#define OCR_HINT_EDT_DISPERSE_FAR 0
#define OCR_HINT_EDT_DISPERSE_NEAR 1

u8 ocrHintInit(ocrHint_t *hint, ocrHintType_t hintType);
u8 ocrSetHintValue(ocrHint_t *hint, ocrHintProp_t hintProp, u64 value);
u8 ocrUnsetHintValue(ocrHint_t *hint, ocrHintProp_t hintProp);
/* OCR_ENOENT if it is not set. */
u8 ocrGetHintValue(ocrHint_t *hint, ocrHintProp_t hintProp, u64 *value);
/* Hints of a template, an EDT that waits or that calls, a data block or an event. */
u8 ocrSetHint(ocrGuid_t guid, ocrHint_t *hint);
u8 ocrGetHint(ocrGuid_t guid, ocrHint_t *hint);

/* ---- Data blocks ---- */

typedef enum { NO_ALLOC = 0 } ocrInDbAllocator_t;

typedef enum {
    DB_MODE_NULL = 0x0,
    DB_MODE_CONST = 0x1,
    DB_MODE_RW = 0x2,
    DB_MODE_EW = 0x4,
    DB_MODE_RO = 0x8
} ocrDbAccessMode_t;
typedef ocrDbAccessMode_t OCR_DBMODE;

#define DB_DEFAULT_MODE ((ocrDbAccessMode_t)DB_MODE_RW)
#define DB_MODE_ITW DB_MODE_RW
#define DB_MODE_NCR DB_MODE_RO

#define DB_PROP_NONE ((u16)0x0)
#define DB_PROP_NO_ACQUIRE ((u16)0x10)
#define DB_PROP_SINGLE_ASSIGNMENT ((u16)0x20)
#define DB_PROP_NO_HINT ((u16)0x40)
#define DB_PROP_IGNORE_WARN ((u16)0x80)

#define GUID_PROP_NONE ((u16)0x0)
#define GUID_PROP_IS_LABELED ((u16)0x100)
#define GUID_PROP_CHECK ((u16)0x300)
#define GUID_PROP_BLOCK ((u16)0x500)

u8 ocrDbCreate(ocrGuid_t *db, void **addr, u64 len, u16 flags, ocrHint_t *hint, ocrInDbAllocator_t allocator);
u8 ocrDbDestroy(ocrGuid_t db);
u8 ocrDbRelease(ocrGuid_t db);
u8 ocrDbGetSize(ocrGuid_t db, u64 *size);
/* Blocks inside of blocks, and copies, were never there: OCR_ENOTSUP. */
u8 ocrDbMalloc(ocrGuid_t guid, u64 size, void **addr);
u8 ocrDbMallocOffset(ocrGuid_t guid, u64 size, u64 *offset);
u8 ocrDbFree(ocrGuid_t guid, void *addr);
u8 ocrDbFreeOffset(ocrGuid_t guid, u64 offset);
u8 ocrDbCopy(ocrGuid_t destination, u64 destinationOffset, ocrGuid_t source, u64 sourceOffset, u64 size, u64 copyType,
             ocrGuid_t *completionEvt);

/* ---- EDTs ---- */

typedef struct {
    ocrGuid_t guid;
    void *ptr;
    ocrDbAccessMode_t mode;
} ocrEdtDep_t;

typedef ocrGuid_t (*ocrEdt_t)(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]);

#define EDT_PROP_NONE ((u16)0x0)
#define EDT_PROP_FINISH ((u16)0x1)
#define EDT_PROP_NO_HINT ((u16)0x2)
#define EDT_PROP_LONG ((u16)0x4)
#define EDT_PROP_OEVT_VALID ((u16)0x8)

#define EDT_PARAM_UNK ((u32)-1)
#define EDT_PARAM_DEF ((u32)-2)

/* Called by the macro, which adds the function's name for messages. */
u8 ocrEdtTemplateCreate_internal(ocrGuid_t *guid, ocrEdt_t funcPtr, u32 paramc, u32 depc, const char *funcName);
#define ocrEdtTemplateCreate(guid_, function_, paramc_, depc_) \
    ocrEdtTemplateCreate_internal((guid_), (function_), (paramc_), (depc_), #function_)
u8 ocrEdtTemplateDestroy(ocrGuid_t guid);

/* A labelled EDT is passed its name in *guid, with one of GUID_PROP_...; it takes no depv and no output event. */
u8 ocrEdtCreate(ocrGuid_t *guid, ocrGuid_t templateGuid, u32 paramc, u64 *paramv, u32 depc, ocrGuid_t *depv,
                u16 properties, ocrHint_t *hint, ocrGuid_t *outputEvent);
u8 ocrEdtDestroy(ocrGuid_t guid);

/* ---- Events ---- */

typedef enum {
    OCR_EVENT_ONCE_T = 1,
    OCR_EVENT_IDEM_T = 2,
    OCR_EVENT_STICKY_T = 3,
    OCR_EVENT_LATCH_T = 4,
    OCR_EVENT_COUNTED_T = 5,
    OCR_EVENT_CHANNEL_T = 6,
    OCR_EVENT_COLLECTIVE_T = 7,
    OCR_EVENT_T_MAX
} ocrEventTypes_t;

typedef enum { OCR_EVENT_LATCH_DECR_SLOT = 0, OCR_EVENT_LATCH_INCR_SLOT = 1 } ocrLatchEventSlot_t;

#define EVT_PROP_NONE ((u16)0x0)
#define EVT_PROP_TAKES_ARG ((u16)0x1)
#define EVENT_CHANNEL_UNBOUNDED ((u32)-1)

typedef u16 redOp_t;
typedef enum { COL_REDUCE, COL_ALLREDUCE, COL_BROADCAST } collectiveType_t;

/* Reductions of a collective event: the operator in bits 0 to 2, then what it is applied to. */
#define REDOP_ADD 0
#define REDOP_MULT 1
#define REDOP_MIN 2
#define REDOP_MAX 3
#define REDOP_BITAND 4
#define REDOP_BITOR 5
#define REDOP_BITXOR 6
#define REDOP_INTEGER 0
#define REDOP_REAL 0x8
#define REDOP_UNSIGNED 0
#define REDOP_SIGNED 0x10
#define REDOP_BS1 0
#define REDOP_BS2 0x20
#define REDOP_BS4 0x60
#define REDOP_BS8 0xe0
#define REDOP_ASSOCIATIVE 0x100
#define REDOP_COMMUTATIVE 0x200

#define REDOP_F8_ADD (REDOP_BS8 | REDOP_SIGNED | REDOP_REAL | REDOP_ADD)
#define REDOP_F8_MULT (REDOP_BS8 | REDOP_SIGNED | REDOP_REAL | REDOP_MULT)
#define REDOP_F8_MIN (REDOP_BS8 | REDOP_SIGNED | REDOP_REAL | REDOP_MIN)
#define REDOP_F8_MAX (REDOP_BS8 | REDOP_SIGNED | REDOP_REAL | REDOP_MAX)
#define REDOP_F4_ADD (REDOP_BS4 | REDOP_SIGNED | REDOP_REAL | REDOP_ADD)
#define REDOP_F4_MULT (REDOP_BS4 | REDOP_SIGNED | REDOP_REAL | REDOP_MULT)
#define REDOP_F4_MIN (REDOP_BS4 | REDOP_SIGNED | REDOP_REAL | REDOP_MIN)
#define REDOP_F4_MAX (REDOP_BS4 | REDOP_SIGNED | REDOP_REAL | REDOP_MAX)
#define REDOP_U8_ADD (REDOP_BS8 | REDOP_ADD)
#define REDOP_U8_MULT (REDOP_BS8 | REDOP_MULT)
#define REDOP_U8_MIN (REDOP_BS8 | REDOP_MIN)
#define REDOP_U8_MAX (REDOP_BS8 | REDOP_MAX)
#define REDOP_U8_BITAND (REDOP_BS8 | REDOP_BITAND)
#define REDOP_U8_BITOR (REDOP_BS8 | REDOP_BITOR)
#define REDOP_U8_BITXOR (REDOP_BS8 | REDOP_BITXOR)
#define REDOP_S8_ADD (REDOP_BS8 | REDOP_SIGNED | REDOP_ADD)
#define REDOP_S8_MULT (REDOP_BS8 | REDOP_SIGNED | REDOP_MULT)
#define REDOP_S8_MIN (REDOP_BS8 | REDOP_SIGNED | REDOP_MIN)
#define REDOP_S8_MAX (REDOP_BS8 | REDOP_SIGNED | REDOP_MAX)
#define REDOP_U4_ADD (REDOP_BS4 | REDOP_ADD)
#define REDOP_U4_MULT (REDOP_BS4 | REDOP_MULT)
#define REDOP_U4_MIN (REDOP_BS4 | REDOP_MIN)
#define REDOP_U4_MAX (REDOP_BS4 | REDOP_MAX)
#define REDOP_U4_BITAND (REDOP_BS4 | REDOP_BITAND)
#define REDOP_U4_BITOR (REDOP_BS4 | REDOP_BITOR)
#define REDOP_U4_BITXOR (REDOP_BS4 | REDOP_BITXOR)
#define REDOP_S4_ADD (REDOP_BS4 | REDOP_SIGNED | REDOP_ADD)
#define REDOP_S4_MULT (REDOP_BS4 | REDOP_SIGNED | REDOP_MULT)
#define REDOP_S4_MIN (REDOP_BS4 | REDOP_SIGNED | REDOP_MIN)
#define REDOP_S4_MAX (REDOP_BS4 | REDOP_SIGNED | REDOP_MAX)

typedef struct {
    u64 counter;
} ocrEventLatchParams_t;
typedef struct {
    u64 nbDeps;
} ocrEventCounterParams_t;
typedef struct {
    u32 maxGen;
    u32 nbSat;
    u32 nbDeps;
} ocrEventChannelParams_t;
/* In each of its generations a collective event takes nbContribs contributions of nbDatum elements, and gives their
 * reduction, in one block, to what was added for that generation. */
typedef struct {
    u32 maxGen;
    u32 nbContribs;
    u32 nbContribsPd;
    u32 nbDatum;
    u32 arity;
    redOp_t op;
    collectiveType_t type;
    bool reuseDbPerGen;
} ocrEventCollectiveParams_t;

typedef struct {
    union {
        ocrEventLatchParams_t EVENT_LATCH;
        ocrEventCounterParams_t EVENT_COUNTED;
        ocrEventChannelParams_t EVENT_CHANNEL;
        ocrEventCollectiveParams_t EVENT_COLLECTIVE;
    };
} ocrEventParams_t;

u8 ocrEventCreate(ocrGuid_t *guid, ocrEventTypes_t eventType, u16 properties);
u8 ocrEventCreateParams(ocrGuid_t *guid, ocrEventTypes_t eventType, u16 properties, ocrEventParams_t *params);
u8 ocrEventDestroy(ocrGuid_t guid);
u8 ocrEventSatisfy(ocrGuid_t eventGuid, ocrGuid_t dataGuid);
u8 ocrEventSatisfySlot(ocrGuid_t eventGuid, ocrGuid_t dataGuid, u32 slot);
u8 ocrEventCollectiveSatisfySlot(ocrGuid_t eventGuid, void *dataPtr, u32 islot);

u8 ocrAddDependence(ocrGuid_t source, ocrGuid_t destination, u32 slot, ocrDbAccessMode_t mode);
/* From one of the slots at which a collective event gives what came. */
u8 ocrAddDependenceSlot(ocrGuid_t source, u32 sslot, ocrGuid_t destination, u32 dslot, ocrDbAccessMode_t mode);

/* ---- Ends and arguments ---- */

void ocrShutdown(void);
void ocrAbort(u8 errorCode);
u64 ocrGetArgc(void *dbPtr);
char *ocrGetArgv(void *dbPtr, u64 count);
#define getArgc ocrGetArgc
#define getArgv ocrGetArgv

/* The program's first EDT. */
ocrGuid_t mainEdt(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]);

/* ---- Labels ---- */

typedef enum {
    GUID_USER_NONE = 0,
    GUID_USER_DB = 2,
    GUID_USER_EDT = 3,
    GUID_USER_EDT_TEMPLATE = 4,
    GUID_USER_EVENT_ONCE = 17,
    GUID_USER_EVENT_COUNTED = 18,
    GUID_USER_EVENT_IDEM = 19,
    GUID_USER_EVENT_CHANNEL = 20,
    GUID_USER_EVENT_STICKY = 21,
    GUID_USER_EVENT_LATCH = 22,
    GUID_USER_EVENT_COLLECTIVE = 23
} ocrGuidUserKind;

typedef ocrGuid_t (*ocrGuidMapFunc_t)(ocrGuid_t startGuid, u64 skipGuid, s64 *params, s64 *tuple);

u8 ocrGuidMapCreate(ocrGuid_t *mapGuid, u32 numParams, ocrGuidMapFunc_t mapFunc, s64 *params, u64 numberGuid,
                    ocrGuidUserKind kind);
u8 ocrGuidRangeCreate(ocrGuid_t *rangeGuid, u64 numberGuid, ocrGuidUserKind kind);
u8 ocrGuidMapDestroy(ocrGuid_t mapGuid);
u8 ocrGuidMapSetDefaultMap(u32 numParams, ocrGuidMapFunc_t mapFunc, s64 *params, u64 numberGuid, ocrGuidUserKind kind);
u8 ocrGuidFromLabel(ocrGuid_t *outGuid, ocrGuid_t mapGuid, s64 *tuple);
u8 ocrGuidFromIndex(ocrGuid_t *outGuid, ocrGuid_t rangeGuid, u64 idx);
u8 ocrGetGuidKind(ocrGuidUserKind *outKind, ocrGuid_t guid);

/* ---- Affinity: one for each memory region with engines ---- */

typedef enum { AFFINITY_CURRENT, AFFINITY_PD, AFFINITY_PD_MASTER, AFFINITY_GUID } ocrAffinityKind;

u8 ocrAffinityCount(ocrAffinityKind kind, u64 *count);
u8 ocrAffinityGet(ocrAffinityKind kind, u64 *count, ocrGuid_t *affinities);
u8 ocrAffinityGetAt(ocrAffinityKind kind, u64 idx, ocrGuid_t *affinity);
u8 ocrAffinityGetCurrent(ocrGuid_t *affinity);
u8 ocrAffinityQuery(ocrGuid_t guid, u64 *count, ocrGuid_t *affinities);
u64 ocrAffinityToHintValue(ocrGuid_t affinity);

/* ---- For runtimes on top ---- */

ocrGuid_t ocrElsUserGet(u8 offset);
void ocrElsUserSet(u8 offset, ocrGuid_t data);
u8 ocrCurrentEdtGet(ocrGuid_t *edt);
u8 ocrCurrentEdtOutputGet(ocrGuid_t *output);
ocrGuid_t currentEdtUserGet(void);
u64 ocrNbWorkers(void);
ocrGuid_t ocrCurrentWorkerGuid(void);
u8 ocrInformLegacyCodeBlocking(void);

/* ---- From programs that have a main of their own ---- */

typedef struct _ocrConfig_t {
    int userArgc;
    char **userArgv;
    const char *iniFile;
} ocrConfig_t;

#define LEGACY_PROP_NONE ((u16)0x0)
#define LEGACY_PROP_WAIT_FOR_CREATE ((u16)0x1)
#define LEGACY_PROP_WAIT_IF_CREATED ((u16)0x2)
#define LEGACY_PROP_CHECK ((u16)0x4)
#define LEGACY_BLOCK_PROGRESS_5_ARGS 1

void ocrParseArgs(int argc, const char *argv[], ocrConfig_t *ocrConfig);
void ocrLegacyInit(ocrGuid_t *legacyContext, ocrConfig_t *ocrConfig);
u8 ocrLegacyFinalize(ocrGuid_t legacyContext, bool runUntilShutdown);
u8 ocrLegacySpawnOCR(ocrGuid_t *handle, ocrGuid_t finishEdtTemplate, u64 paramc, u64 *paramv, u64 depc,
                     ocrGuid_t *depv, ocrGuid_t legacyContext);
/* Waits. If a block comes and its address is asked for, the caller has the block, as one of those who write it together,
 * until ocrDbRelease or ocrDbDestroy, or its EDT ends; EDTs that ask for it by RW may have it, too. */
u8 ocrLegacyBlockProgress(ocrGuid_t handle, ocrGuid_t *guid, void **result, u64 *size, u16 properties);
ocrGuid_t ocrWait(ocrGuid_t outputEvent);

/* ---- Pause ---- */

typedef enum {
    OCR_QUERY_READY_EDTS,
    OCR_QUERY_EVENTS,
    OCR_QUERY_LAST_SATISFIED_DB,
    OCR_QUERY_ALL_EDTS
} ocrQueryType_t;

u32 ocrPause(bool isBlocking);
ocrGuid_t ocrQuery(ocrQueryType_t query, ocrGuid_t guid, void **result, u32 *size, u8 flags);
void ocrResume(u32 flag);

/* ---- Output and checks ---- */

#if defined(__GNUC__)
#define SPRAT_OCR_UNUSED __attribute__((unused))
#else
#define SPRAT_OCR_UNUSED
#endif

/* Puts so many characters out as one piece. */
void sprat_ocr_put(const char *text, size_t length);
void sprat_ocr_assert_failed(const char *condition, const char *file, u32 line);

static SPRAT_OCR_UNUSED u32 ocrPrintf(const char *fmt, ...) {
    char few[512];
    char *text = few;
    va_list list;
    int length;
    va_start(list, fmt);
    length = vsnprintf(few, sizeof few, fmt, list);
    va_end(list);
    if (length < 0) return 0;
    if ((size_t)length >= sizeof few) {
        text = (char *)malloc((size_t)length + 1);
        if (text == NULL) return 0;
        va_start(list, fmt);
        vsnprintf(text, (size_t)length + 1, fmt, list);
        va_end(list);
    }
    sprat_ocr_put(text, (size_t)length);
    if (text != few) free(text);
    return (u32)length;
}

static SPRAT_OCR_UNUSED u32 ocrSnprintf(char *buf, u32 size, const char *fmt, ...) {
    va_list list;
    int length;
    va_start(list, fmt);
    length = vsnprintf(buf, size, fmt, list);
    va_end(list);
    return length < 0 ? 0 : (u32)length;
}

#define PRINTF ocrPrintf
#define SNPRINTF ocrSnprintf

/* An assertion that does not hold ends the program by a signal. */
#define ocrAssert(condition_)                                                            \
    do {                                                                                 \
        if (!(condition_)) sprat_ocr_assert_failed(#condition_, __FILE__, (u32)__LINE__); \
    } while (0)
/* With the semicolon that programs have relied on. */
#define ASSERT(condition_) ocrAssert(condition_);

#define VERIFY(condition_, format_, ...)                                                                        \
    do {                                                                                                        \
        PRINTF("%s @ '%s:%" PRId32 "' " format_, (condition_) ? "PASSED" : "FAILURE", __FILE__, (s32)__LINE__, \
               ##__VA_ARGS__);                                                                                  \
    } while (0);

#ifdef __cplusplus
}
#endif

#endif
