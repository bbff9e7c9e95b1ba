/* Data blocks: see ocr.h, which has all. */
#ifndef SPRAT_OCR_DB_H
#define SPRAT_OCR_DB_H
#include "ocr.h"
#endif
