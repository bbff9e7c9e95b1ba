/* Extensions: see ocr.h, which has all. */
#ifndef SPRAT_OCR_VERSION_H
#define SPRAT_OCR_VERSION_H
#include "ocr.h"
#endif
