/*
 * A block whose size is a power of two lies at a multiple of it
 */
#include "kmalloc.h"

int main(void)
{
	for (unsigned long size = 16; size <= 4096; size *= 2) {
		block b[20];
		int bad = 0;

		for (int i = 0; i < 20; i++) {
			b[i] = kmalloc((long)size);
			bad += b[i] == 0 || b[i] % size != 0;
		}
		printf("%lu bytes, misaligned of 20: %d\n", size, bad);
		kmfree_all(b, 20);
	}
	return 0;
}
