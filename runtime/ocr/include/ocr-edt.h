/* EDTs and events: see ocr.h, which has all. */
#ifndef SPRAT_OCR_EDT_H
#define SPRAT_OCR_EDT_H
#include "ocr.h"
#endif
