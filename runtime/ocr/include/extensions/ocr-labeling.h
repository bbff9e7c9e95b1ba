/* Labelled GUIDs: see ocr.h, which has all. */
#ifndef SPRAT_OCR_LABELING_H
#define SPRAT_OCR_LABELING_H
#include "../ocr.h"
#endif
