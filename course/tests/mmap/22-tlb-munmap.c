/*
 * After munmap no other CPU reaches the page any more
 * points: 2
 * time-limit: 120
 */
#include "tlb.h"

static void unmap(char *page)
{
	munmap(page, PAGE);
}

int main(void)
{
	show("of 50 rounds, loads that came too late and succeeded",
		reader_rounds(50, false, unmap));
	show("stores", reader_rounds(50, true, unmap));
	return 0;
}
