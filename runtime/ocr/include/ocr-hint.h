/* Hints: see ocr.h, which has all. */
#ifndef SPRAT_OCR_HINT_H
#define SPRAT_OCR_HINT_H
#include "ocr.h"
#endif
