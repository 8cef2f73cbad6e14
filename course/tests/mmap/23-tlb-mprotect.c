/*
 * After mprotect no other CPU has the rights that were taken
 * points: 2
 * time-limit: 120
 */
#include "tlb.h"

static void take_all(char *page)
{
	mprotect(page, PAGE, PROT_NONE);
}

static void take_write(char *page)
{
	mprotect(page, PAGE, PROT_READ);
}

int main(void)
{
	show("of 50 rounds, loads after PROT_NONE that succeeded",
		reader_rounds(50, false, take_all));
	show("stores after PROT_READ", reader_rounds(50, true, take_write));
	return 0;
}
