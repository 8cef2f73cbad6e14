/* What is riscv-early's own: ends without a status, output to a descriptor. */
#include "flavour.h"

_Noreturn void xv6_exit(void)
{
	leave(0);
}

int xv6_wait(void)
{
	int status;

	return wait_child(&status);
}

void xv6_printf(int fd, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	print(fd, PRINT_WIDE, format, ap);
	va_end(ap);
}
