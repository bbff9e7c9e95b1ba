/* For runtimes on top: see ocr.h, which has all. */
#ifndef SPRAT_OCR_RUNTIME_ITF_H
#define SPRAT_OCR_RUNTIME_ITF_H
#include "../ocr.h"
#endif
