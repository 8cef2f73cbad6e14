/* The headers of riscv, and that its heap is lazy. */
#include "../../riscv/lib/headers.h"

#define LAZY_HEAP
