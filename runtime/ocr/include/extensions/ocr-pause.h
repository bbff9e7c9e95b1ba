/* Pause: see ocr.h, which has all. */
#ifndef SPRAT_OCR_PAUSE_H
#define SPRAT_OCR_PAUSE_H
#include "../ocr.h"
#endif
