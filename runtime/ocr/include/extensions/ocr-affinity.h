/* Affinity: see ocr.h, which has all. */
#ifndef SPRAT_OCR_AFFINITY_H
#define SPRAT_OCR_AFFINITY_H
#include "../ocr.h"
#endif
