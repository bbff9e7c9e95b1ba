/* Hints: see ocr.h, which has all. */
#ifndef SPRAT_OCR_HINTS_H
#define SPRAT_OCR_HINTS_H
#include "../ocr.h"
#endif
