/* Figures of the whole system. */
#pragma once

#include <sys/types.h>

/* Memory fields count units of mem_unit bytes; loads are scaled by 65536. */
struct sysinfo {
	long uptime;
	unsigned long loads[3];
	unsigned long totalram;
	unsigned long freeram;
	unsigned long sharedram;
	unsigned long bufferram;
	unsigned long totalswap;
	unsigned long freeswap;
	unsigned short procs;
	unsigned short pad;
	unsigned long totalhigh;
	unsigned long freehigh;
	unsigned mem_unit;
	/* The kernel's structure is 64 bytes where long has 4 of them. */
	char reserved[20 - 2 * sizeof(long) - sizeof(int)];
};

int sysinfo(struct sysinfo *info);
