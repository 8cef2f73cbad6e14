/*
 * Time: the time counter, timer interrupts, and the goldfish real-time clock.
 *
 * The counter runs at the device tree's timebase-frequency on all harts alike. It is turned into
 * ns, and ns into its ticks, by one multiplication with a fixed-point factor each.
 */
#include "arch/clock.h"

#include "arch.h"
#include "fdt.h"
#include "lib/printf.h"
#include "arch/boot.h"
#include "machine/io.h"
#include "proc/sync.h"
#include "proc/timer.h"
#include "sbi.h"
#include "vm/kva.h"

#define TO_NS_SHIFT 32
#define TO_TICKS_SHIFT 58
#define DEFAULT_FREQUENCY 10000000u

/* Goldfish RTC: reading the low word latches the high one. ns since 1970. */
#define RTC_TIME_LOW 0
#define RTC_TIME_HIGH 4

u64 clock_realtime_base;

static u32 frequency;
static u64 boot_time;		   /* the counter when clock_now() was 0 */
static u64 ns_per_tick;		   /* << TO_NS_SHIFT */
static u64 ticks_per_ns;	   /* << TO_TICKS_SHIFT */
static bool have_stimecmp;	   /* Sstc: the deadline is a CSR, not a call to the firmware */

/* (a << shift) / b, a < b * 2^(64 - shift): long division in base 2, for want of a 128-bit one. */
static u64 fraction(u64 a, u64 b, unsigned shift)
{
	u64 q = a / b, rest = a % b;

	while (shift-- > 0) {
		rest <<= 1;
		q = q << 1 | (rest >= b);
		if (rest >= b)
			rest -= b;
	}
	return q;
}

u64 clock_now(void)
{
	return (u64)((unsigned __int128)(clock_ticks() - boot_time) * ns_per_tick >> TO_NS_SHIFT);
}

u64 clock_ticks_ns(u64 ticks)
{
	return (u64)((unsigned __int128)ticks * ns_per_tick >> TO_NS_SHIFT);
}

u64 clock_frequency(void)
{
	return frequency;
}

static void set_deadline(u64 time)
{
	if (have_stimecmp)
		__asm__ volatile("csrw 0x14d, %0" : : "r"(time));
	else
		sbi_set_timer(time);
}

void clock_program(u64 deadline)
{
	/* One tick more: an interrupt before the deadline would find nothing to do. */
	if (deadline == WAIT_FOREVER)
		set_deadline(~0ull);
	else
		set_deadline(boot_time + 1 +
			(u64)((unsigned __int128)deadline * ticks_per_ns >> TO_TICKS_SHIFT));
}

void clock_init(void)
{
	struct fdt_walk w;

	frequency = DEFAULT_FREQUENCY;
	FDT_EACH (&w)
		if (fdt_cell(&w, "timebase-frequency", 0, &frequency))
			break;
	if (frequency == 0)
		frequency = DEFAULT_FREQUENCY;
	ns_per_tick = fraction(NSEC, frequency, TO_NS_SHIFT);
	ticks_per_ns = fraction(frequency, NSEC, TO_TICKS_SHIFT);
	boot_time = clock_ticks();
	have_stimecmp = clock_try_stimecmp(~0ull) == 0;
}

void clock_init_cpu(void)
{
	clock_program(WAIT_FOREVER);
}

void clock_init_rtc(void)
{
	struct fdt_walk w;
	u64 addr, size;

	FDT_EACH (&w) {
		if (!fdt_compatible(&w, "google,goldfish-rtc") || !fdt_reg(&w, 0, &addr, &size))
			continue;
		ulong regs = (ulong)kva_map_device(addr, size);

		if (!regs)
			return;
		u64 low = io_read32(regs + RTC_TIME_LOW);
		u64 high = io_read32(regs + RTC_TIME_HIGH);

		clock_realtime_base = (high << 32 | low) - clock_now();
		return;
	}
	log_warn("no real-time clock: time begins in 1970\n");
}
