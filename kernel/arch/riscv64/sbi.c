/*
 * Calls to the firmware. Extension and function numbers are those of the SBI specification 1.0.
 */
#include "sbi.h"

#define EXT_LEGACY_PUTCHAR 0x01ul
#define EXT_BASE 0x10ul
#define EXT_TIME 0x54494d45ul
#define EXT_IPI 0x735049ul
#define EXT_RFENCE 0x52464e43ul
#define EXT_HSM 0x48534dul
#define EXT_RESET 0x53525354ul

#define BASE_PROBE 3
#define RESET_SHUTDOWN 0
#define RESET_COLD_REBOOT 1

static bool have_reset;

/* Chapter 3, "Binary Encoding": a7 the extension, a6 the function; a0 and a1 come back changed. */
static struct sbi_result sbi_call(ulong ext, ulong func, ulong arg0, ulong arg1, ulong arg2,
	ulong arg3)
{
	register ulong a0 __asm__("a0") = arg0;
	register ulong a1 __asm__("a1") = arg1;
	register ulong a2 __asm__("a2") = arg2;
	register ulong a3 __asm__("a3") = arg3;
	register ulong a6 __asm__("a6") = func;
	register ulong a7 __asm__("a7") = ext;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1)
			 : "r"(a2), "r"(a3), "r"(a6), "r"(a7)
			 : "memory");
	return (struct sbi_result){ (long)a0, (long)a1 };
}

static bool have_extension(ulong ext)
{
	struct sbi_result r = sbi_call(EXT_BASE, BASE_PROBE, ext, 0, 0, 0);

	return r.error == 0 && r.value != 0;
}

void sbi_init(void)
{
	have_reset = have_extension(EXT_RESET);
}

void sbi_console_putchar(u8 c)
{
	sbi_call(EXT_LEGACY_PUTCHAR, 0, c, 0, 0, 0);
}

void sbi_set_timer(u64 time)
{
	sbi_call(EXT_TIME, 0, time, 0, 0, 0);
}

void sbi_send_ipi(ulong hart)
{
	sbi_call(EXT_IPI, 0, 1, hart, 0, 0);
}

void sbi_remote_fence_i(ulong mask, ulong base)
{
	sbi_call(EXT_RFENCE, 0, mask, base, 0, 0);
}

void sbi_remote_sfence_vma(ulong mask, ulong base, ulong start, ulong size)
{
	sbi_call(EXT_RFENCE, 1, mask, base, start, size);
}

long sbi_hart_start(ulong hart, paddr_t entry, ulong arg)
{
	return sbi_call(EXT_HSM, 0, hart, entry, arg, 0).error;
}

void sbi_shutdown(void)
{
	if (have_reset)
		sbi_call(EXT_RESET, 0, RESET_SHUTDOWN, 0, 0, 0);
}

void sbi_reboot(void)
{
	if (have_reset)
		sbi_call(EXT_RESET, 0, RESET_COLD_REBOOT, 0, 0, 0);
}
