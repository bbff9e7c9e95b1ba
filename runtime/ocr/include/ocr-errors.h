/* Errors: see ocr.h, which has all. */
#ifndef SPRAT_OCR_ERRORS_H
#define SPRAT_OCR_ERRORS_H
#include "ocr.h"
#endif
