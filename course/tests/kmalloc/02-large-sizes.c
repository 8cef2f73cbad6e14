/*
 * So does every size beyond, up to 4 MiB
 */
#include "kmalloc.h"

int main(void)
{
	int blocks = 0, misaligned = 0, freed = 0, tried = 0;

	for (long size = 4096; size <= 4 * MIB; size += size / 8) {
		block b = kmalloc(size);

		tried++;
		blocks += b != 0;
		misaligned += b % PAGE != 0;
		freed += kmfree(b) == 0;
	}
	check("every size gave a block", blocks == tried);
	show("not at the start of a page", misaligned);
	check("all are freed", freed == tried);
	check("4 MiB", kmfree(kmalloc(4 * MIB)) == 0);
	return 0;
}
