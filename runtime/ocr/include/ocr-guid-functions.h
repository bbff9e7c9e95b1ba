/* GUIDs: see ocr.h, which has all. */
#ifndef SPRAT_OCR_GUID_FUNCTIONS_H
#define SPRAT_OCR_GUID_FUNCTIONS_H
#include "ocr.h"
#endif
