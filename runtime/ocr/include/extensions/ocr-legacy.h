/* Programs with a main of their own: see ocr.h, which has all. */
#ifndef SPRAT_OCR_LEGACY_H
#define SPRAT_OCR_LEGACY_H
#include "../ocr.h"
#endif
