/* Sizes of data blocks: see ocr.h, which has all. */
#ifndef SPRAT_OCR_DB_INFO_H
#define SPRAT_OCR_DB_INFO_H
#include "../ocr.h"
#endif
