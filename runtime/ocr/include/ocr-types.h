/* Types: see ocr.h, which has all. */
#ifndef SPRAT_OCR_TYPES_H
#define SPRAT_OCR_TYPES_H
#include "ocr.h"
#endif
