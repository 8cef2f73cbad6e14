/* Device numbers, split as Linux splits them: 12 + 20 bits of major, 8 + 24 of minor. */
#pragma once

#include <sys/types.h>

#define major(dev) ((unsigned)(((dev) >> 32 & 0xfffff000) | ((dev) >> 8 & 0xfff)))
#define minor(dev) ((unsigned)(((dev) >> 12 & 0xffffff00) | ((dev) & 0xff)))
#define makedev(ma, mi) \
	(((dev_t)((ma) & 0xfffff000u) << 32) | ((dev_t)((ma) & 0xfffu) << 8) | \
	 ((dev_t)((mi) & 0xffffff00u) << 12) | (dev_t)((mi) & 0xffu))
