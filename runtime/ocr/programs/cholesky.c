/* A tiled Cholesky factorisation: cholesky [ROWS [TILES [FILE]]]. The matrix is read from FILE (numbers in text, row by row), or
 * made up. Each version of a tile is a sticky event. */
#include "common.h"

static u64 rows, tiles, side;
static double *matrix;
/* The event of tile (i, j) after k steps. */
static ocrGuid_t *events;
#define TILE(i_, j_, k_) events[((i_) * tiles + (j_)) * (tiles + 1) + (k_)]

EDT(factor) {
    UNUSED;
    double *a = depv[0].ptr;
    for (u64 j = 0; j < side; j++) {
        for (u64 k = 0; k < j; k++) a[j * side + j] -= a[j * side + k] * a[j * side + k];
        a[j * side + j] = sqrt(a[j * side + j]);
        for (u64 i = j + 1; i < side; i++) {
            for (u64 k = 0; k < j; k++) a[i * side + j] -= a[i * side + k] * a[j * side + k];
            a[i * side + j] /= a[j * side + j];
        }
    }
    ocrDbRelease(depv[0].guid);
    ocrEventSatisfy(guid_of(paramv[0]), depv[0].guid);
    return NULL_GUID;
}
EDT(solve) {
    UNUSED;
    double *a = depv[0].ptr, *l = depv[1].ptr;
    for (u64 i = 0; i < side; i++)
        for (u64 j = 0; j < side; j++) {
            for (u64 k = 0; k < j; k++) a[i * side + j] -= a[i * side + k] * l[j * side + k];
            a[i * side + j] /= l[j * side + j];
        }
    ocrDbRelease(depv[0].guid);
    ocrEventSatisfy(guid_of(paramv[0]), depv[0].guid);
    return NULL_GUID;
}
EDT(update) {
    UNUSED;
    double *a = depv[0].ptr, *l = depv[1].ptr, *r = depv[2].ptr;
    for (u64 i = 0; i < side; i++)
        for (u64 j = 0; j < side; j++)
            for (u64 k = 0; k < side; k++) a[i * side + j] -= l[i * side + k] * r[j * side + k];
    ocrDbRelease(depv[0].guid);
    ocrEventSatisfy(guid_of(paramv[0]), depv[0].guid);
    return NULL_GUID;
}
EDT(check) {
    UNUSED;
    double worst = 0;
    u32 at = 0;
    double *factor_ = calloc(rows * rows, sizeof *factor_);
    for (u64 i = 0; i < tiles; i++)
        for (u64 j = 0; j <= i; j++, at++)
            for (u64 y = 0; y < side; y++)
                for (u64 x = 0; x < side; x++)
                    if (i * side + y >= j * side + x)
                        factor_[(i * side + y) * rows + j * side + x] = ((double *)depv[at].ptr)[y * side + x];
    for (u64 i = 0; i < rows; i++)
        for (u64 j = 0; j <= i; j++) {
            double sum = 0;
            for (u64 k = 0; k <= j; k++) sum += factor_[i * rows + k] * factor_[j * rows + k];
            worst = fmax(worst, fabs(sum - matrix[i * rows + j]));
        }
    free(factor_);
    free(matrix);
    free(events);
    end("cholesky", worst < 1e-9 * (double)rows);
    return NULL_GUID;
}

ocrGuid_t mainEdt(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    UNUSED;
    rows = argument(depv, 1, 64), tiles = argument(depv, 2, 4);
    if (tiles == 0 || rows == 0 || rows % tiles != 0) {
        PRINTF("cholesky: ROWS must be a multiple of TILES\n");
        ocrAbort(2);
        return NULL_GUID;
    }
    side = rows / tiles;
    matrix = malloc(rows * rows * sizeof *matrix);
    FILE *file = ocrGetArgc(depv[0].ptr) > 3 ? fopen(ocrGetArgv(depv[0].ptr, 3), "r") : NULL;
    for (u64 i = 0; i < rows; i++)
        for (u64 j = 0; j < rows; j++) {
            double made = i == j ? (double)rows + 1 : 1.0 / (1.0 + (double)(i > j ? i - j : j - i));
            if (file != NULL && fscanf(file, "%lf", &made) != 1) {
                PRINTF("cholesky: the file has too few numbers\n");
                ocrAbort(2);
                return NULL_GUID;
            }
            matrix[i * rows + j] = made;
        }
    if (file != NULL) fclose(file);
    events = malloc(tiles * tiles * (tiles + 1) * sizeof *events);
    for (u64 at = 0; at < tiles * tiles * (tiles + 1); at++) events[at] = event_of(OCR_EVENT_STICKY_T);
    u32 at = 0;
    ocrGuid_t last = edt_of(check, 0, NULL, (u32)(tiles * (tiles + 1) / 2), EDT_PROP_NONE, NULL);
    for (u64 i = 0; i < tiles; i++)
        for (u64 j = 0; j <= i; j++) {
            double *a;
            ocrGuid_t block = block_of(side * side * sizeof *a, &a);
            for (u64 y = 0; y < side; y++)
                memcpy(a + y * side, matrix + (i * side + y) * rows + j * side, side * sizeof *a);
            ocrDbRelease(block);
            ocrEventSatisfy(TILE(i, j, 0), block);
            ocrAddDependence(TILE(i, j, j + 1), last, at++, DB_MODE_CONST);
        }
    for (u64 k = 0; k < tiles; k++) {
        u64 to = word_of(TILE(k, k, k + 1));
        ocrAddDependence(TILE(k, k, k), edt_of(factor, 1, &to, 1, EDT_PROP_NONE, NULL), 0, DB_MODE_RW);
        for (u64 i = k + 1; i < tiles; i++) {
            to = word_of(TILE(i, k, k + 1));
            ocrGuid_t edt = edt_of(solve, 1, &to, 2, EDT_PROP_NONE, NULL);
            ocrAddDependence(TILE(k, k, k + 1), edt, 1, DB_MODE_CONST);
            ocrAddDependence(TILE(i, k, k), edt, 0, DB_MODE_RW);
            for (u64 j = k + 1; j <= i; j++) {
                to = word_of(TILE(i, j, k + 1));
                edt = edt_of(update, 1, &to, 3, EDT_PROP_NONE, NULL);
                ocrAddDependence(TILE(i, k, k + 1), edt, 1, DB_MODE_CONST);
                ocrAddDependence(TILE(j, k, k + 1), edt, 2, DB_MODE_CONST);
                ocrAddDependence(TILE(i, j, k), edt, 0, DB_MODE_RW);
            }
        }
    }
    return NULL_GUID;
}
