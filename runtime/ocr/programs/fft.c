/* A Fourier transform, recursively: fft [LOG2 OF THE LENGTH]. Each EDT transforms a stretch: it creates one for the even places and one
 * for the odd, and one that puts both together when they have ended. All write one block, each its own stretch. */
#include "common.h"

static u64 length;
static double *signal;

static void leaf(double *x, u64 first, u64 count, u64 from, u64 stride) {
    for (u64 k = 0; k < count; k++) {
        double re = 0, im = 0;
        for (u64 n = 0; n < count; n++) {
            double angle = -2 * M_PI * (double)(k * n % count) / (double)count;
            re += signal[from + n * stride] * cos(angle), im += signal[from + n * stride] * sin(angle);
        }
        x[2 * (first + k)] = re, x[2 * (first + k) + 1] = im;
    }
}
EDT(combine) {
    UNUSED;
    double *x = depv[0].ptr;
    u64 first = paramv[0], half = paramv[1] / 2;
    for (u64 k = 0; k < half; k++) {
        double angle = -M_PI * (double)k / (double)half, c = cos(angle), s = sin(angle);
        double *even = x + 2 * (first + k), *odd = x + 2 * (first + half + k);
        double re = c * odd[0] - s * odd[1], im = s * odd[0] + c * odd[1];
        odd[0] = even[0] - re, odd[1] = even[1] - im;
        even[0] += re, even[1] += im;
    }
    return NULL_GUID;
}
EDT(transform) {
    UNUSED;
    u64 first = paramv[0], count = paramv[1], from = paramv[2], stride = paramv[3];
    if (count <= 16) {
        leaf(depv[0].ptr, first, count, from, stride);
        return NULL_GUID;
    }
    ocrGuid_t both = edt_of(combine, 2, paramv, 3, EDT_PROP_NONE, NULL);
    for (u32 side = 0; side < 2; side++) {
        u64 params[4] = {first + side * count / 2, count / 2, from + side * stride, 2 * stride};
        ocrGuid_t ended, edt = edt_of(transform, 4, params, 1, EDT_PROP_FINISH, &ended);
        ocrAddDependence(ended, both, 1 + side, DB_MODE_NULL);
        ocrAddDependence(depv[0].guid, edt, 0, DB_MODE_RW);
    }
    ocrAddDependence(depv[0].guid, both, 0, DB_MODE_RW);
    return NULL_GUID;
}
EDT(check) {
    UNUSED;
    double *x = depv[1].ptr, worst = 0;
    for (u64 k = 0; k < length; k += length / 16) {
        double re = 0, im = 0;
        for (u64 n = 0; n < length; n++) {
            double angle = -2 * M_PI * (double)(k * n % length) / (double)length;
            re += signal[n] * cos(angle), im += signal[n] * sin(angle);
        }
        worst = fmax(worst, fabs(re - x[2 * k]) + fabs(im - x[2 * k + 1]));
    }
    free(signal);
    end("fft", worst < 1e-6);
    return NULL_GUID;
}
ocrGuid_t mainEdt(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    UNUSED;
    u64 log = argument(depv, 1, 12);
    if (log < 4 || log > 24) {
        PRINTF("fft: the length is 2 to the power of 4 to 24\n");
        ocrAbort(2);
        return NULL_GUID;
    }
    length = (u64)1 << log;
    signal = malloc(length * sizeof *signal);
    for (u64 n = 0; n < length; n++) signal[n] = (double)(n * 7919 % 1000) / 1000;
    double *x;
    u64 params[4] = {0, length, 0, 1};
    ocrGuid_t block = block_of(2 * length * sizeof *x, &x), ended;
    ocrDbRelease(block);
    ocrGuid_t edt = edt_of(transform, 4, params, 1, EDT_PROP_FINISH, &ended), last = edt_of(check, 0, NULL, 2, EDT_PROP_NONE, NULL);
    ocrAddDependence(ended, last, 0, DB_MODE_NULL);
    ocrAddDependence(block, last, 1, DB_MODE_CONST);
    ocrAddDependence(block, edt, 0, DB_MODE_RW);
    return NULL_GUID;
}
