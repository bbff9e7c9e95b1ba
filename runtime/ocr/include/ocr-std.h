/* Output and checks: see ocr.h, which has all. */
#ifndef SPRAT_OCR_STD_H
#define SPRAT_OCR_STD_H
#include "ocr.h"
#endif
