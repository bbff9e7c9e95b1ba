/* Collective events: see ocr.h, which has all. */
#ifndef SPRAT_OCR_REDUCTION_EVENT_H
#define SPRAT_OCR_REDUCTION_EVENT_H
#include "../ocr.h"
#endif
