#include "ocr.h"

/* Waits for two blocks, adds, and ends the program. */
static ocrGuid_t add(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    (void)paramc, (void)paramv, (void)depc;
    PRINTF("%d\n", *(int *)depv[0].ptr + *(int *)depv[1].ptr);
    ocrShutdown();
    return NULL_GUID;
}

/* Makes a block, and passes it on by returning it. */
static ocrGuid_t make(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    (void)paramc, (void)depc, (void)depv;
    ocrGuid_t block;
    int *number;
    ocrDbCreate(&block, (void **)&number, sizeof *number, DB_PROP_NONE, NULL_HINT, NO_ALLOC);
    *number = (int)paramv[0];
    return block;
}

ocrGuid_t mainEdt(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    (void)paramc, (void)paramv, (void)depc, (void)depv;
    ocrGuid_t makes, adds, maker, adder, made;
    ocrEdtTemplateCreate(&makes, make, 1, 1);
    ocrEdtTemplateCreate(&adds, add, 0, 2);
    ocrEdtCreate(&adder, adds, EDT_PARAM_DEF, NULL, EDT_PARAM_DEF, NULL, EDT_PROP_NONE, NULL_HINT, NULL);
    for (u64 i = 0; i < 2; i++) {
        u64 number = 40 + 2 * i;
        ocrEdtCreate(&maker, makes, EDT_PARAM_DEF, &number, EDT_PARAM_DEF, NULL, EDT_PROP_NONE, NULL_HINT, &made);
        ocrAddDependence(made, adder, (u32)i, DB_MODE_RO);
        ocrAddDependence(NULL_GUID, maker, 0, DB_MODE_NULL); /* now it may run */
    }
    return NULL_GUID;
}
