/* The headers that course/lib/shape.c needs. */
#include "types.h"
#include "param.h"
#include "stat.h"
#include "fcntl.h"
#include "fs.h"
#include "memlayout.h"
#include "mmu.h"
