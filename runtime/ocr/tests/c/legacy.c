/* A program with a main of its own, and no mainEdt. */
#include <stdio.h>
#include "extensions/ocr-legacy.h"
#include "ocr.h"

#define CHECK(condition_)                                                      \
    do {                                                                       \
        if (!(condition_)) {                                                   \
            printf("FAILED: %s, at line %d\n", #condition_, __LINE__);         \
            failed = 1;                                                        \
        }                                                                      \
    } while (0)
static int failed;

static ocrGuid_t makes(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    (void)paramc, (void)depc, (void)depv;
    ocrGuid_t block;
    u64 *at;
    ocrDbCreate(&block, (void **)&at, sizeof *at, DB_PROP_NONE, NULL_HINT, NO_ALLOC);
    *at = paramv[0];
    return block;
}
static ocrGuid_t ends(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    (void)paramc, (void)depc, (void)depv;
    if (paramv[0] == 0) ocrShutdown();
    else ocrAbort((u8)paramv[0]);
    return NULL_GUID;
}

static void once(int argc, const char *argv[], bool until_shutdown, u8 code) {
    ocrConfig_t config;
    ocrGuid_t context, template_, handle, came = NULL_GUID, none = NULL_GUID, given;
    u64 param = 33, *at = NULL, size = 0;
    ocrParseArgs(argc, argv, &config);
    ocrLegacyInit(&context, &config);
    CHECK(!ocrGuidIsError(context));
    CHECK(ocrEdtTemplateCreate(&template_, makes, 1, 1) == 0);
    CHECK(ocrLegacySpawnOCR(&handle, template_, 1, &param, 1, &none, context) == 0);
    CHECK(ocrLegacyBlockProgress(handle, &came, (void **)&at, &size, LEGACY_PROP_NONE) == 0);
    CHECK(!ocrGuidIsNull(came) && size == 8 && at != NULL && *at == 33);
    /* Again, since it is sticky. */
    given = ocrWait(handle);
    CHECK(ocrGuidIsEq(given, came));
    CHECK(ocrEventDestroy(handle) == 0);
    CHECK(ocrLegacyBlockProgress(handle, NULL, NULL, NULL, LEGACY_PROP_NONE) == OCR_EINVAL);
    CHECK(ocrEdtTemplateDestroy(template_) == 0);
    CHECK(ocrDbDestroy(came) == 0);
    if (until_shutdown) {
        param = code;
        CHECK(ocrEdtTemplateCreate(&template_, ends, 1, 1) == 0);
        CHECK(ocrLegacySpawnOCR(&handle, template_, 1, &param, 1, &none, context) == 0);
    }
    CHECK(ocrLegacyFinalize(context, until_shutdown) == code);
}

int main(int argc, const char *argv[]) {
    ocrGuid_t guid;
    CHECK(ocrEventSatisfy(NULL_GUID, NULL_GUID) != 0);
    once(argc, argv, false, 0);
    once(argc, argv, true, 0);
    once(argc, argv, true, 9);
    CHECK(ocrCurrentEdtGet(&guid) == OCR_EPERM);
    printf("%s\n", failed ? "failed" : "passed");
    return failed;
}
