/*
 * Time: the time-stamp counter, timer interrupts, and the real-time clock.
 *
 * The counter is taken to run at the same speed on all CPUs and to be in step, as on every CPU of
 * the last decades and in emulators. At boot its frequency, and that of the local APIC's timer, are
 * measured against the 8254. Counts become ns, and ns counts, by one multiplication with a
 * fixed-point factor each. Deadlines are programmed as what is left until then, so the factors'
 * rounding does not add up over days.
 *
 * The timer is the best of: the local APIC's, told the counter's value; the same, counting down;
 * the 8254, on one CPU. One that cannot count far enough interrupts early: whoever it wakes finds
 * nothing due, and programs the rest.
 *
 * What clock_init sets is constant afterwards; it runs before other CPUs do.
 */
#include "arch/clock.h"

#include "apic.h"
#include "arch.h"
#include "arch/irq.h"
#include "lib/printf.h"
#include "machine/io.h"
#include "pit.h"
#include "proc/sync.h"
#include "proc/timer.h"
#include "rtc.h"
#include "scale.h"

#define FARTHEST (3600 * NSEC) /* ns programmed ahead at most: keeps products below 2^64 */

#define MEASURE_TICKS (PIT_FREQUENCY / 200) /* of the 8254, at most: 5 ms */
#define MEASURE_MIN_TICKS (PIT_FREQUENCY / 1000)
#define MEASURE_PRECISION 20000u /* fine enough: one part in so many */
#define MEASURE_TRIES 3u
#define SAMPLE_EDGES 4u
#define EDGE_TRIES 10000u /* readings until the 8254 must have made a tick, of 838 ns */

#define TSC_LOWEST 1000000u
#define TSC_HIGHEST 20000000000ull
#define TSC_DEFAULT 1000000000u /* where nothing can be measured */
#define APIC_LOWEST 100000u
#define EXACT_TOLERANCE 100u /* how far CPUID's frequency may be off the measured: one part */

#define LEAF_TSC_RATIO 0x15 /* SDM volume 3, "Determining the Processor Base Frequency" */

#define CMOS_ADDRESS 0x70 /* bit 7 masks NMIs */
#define CMOS_DATA 0x71

u64 clock_realtime_base;

static u64 frequency; /* 0: not known yet */
static u64 boot_time; /* the counter when clock_now() was 0 */
static u64 ns_per_tick, ticks_per_ns; /* factors of scale() */

/* The timer: how to let it interrupt in that many of its counts from now (0: never). */
static void (*timer_start)(u64 count);
static u64 timer_per_ns, timer_max;
static bool timer_is_apic, timer_by_tsc;

u64 clock_now(void)
{
	return scale(clock_ticks() - boot_time, ns_per_tick);
}

u64 clock_ticks_ns(u64 ticks)
{
	return scale(ticks, ns_per_tick);
}

u64 clock_frequency(void)
{
	return frequency;
}

void clock_delay(u32 microseconds)
{
	u64 start = clock_ticks(), ticks = frequency * microseconds / 1000000;

	if (!frequency)
		pit_delay(microseconds);
	while (clock_ticks() - start < ticks)
		__builtin_ia32_pause();
}

/* --- timer interrupts --- */

static void deadline_start(u64 count)
{
	apic_timer_deadline(count ? clock_ticks() + count : 0);
}

static void apic_start(u64 count)
{
	apic_timer_start((u32)count);
}

static void pit_start(u64 count)
{
	pit_timer_start((u16)count);
}

static void pit_interrupt(void *arg UNUSED)
{
	timer_interrupt();
}

void clock_program(u64 deadline)
{
	u64 now = clock_now(), left = deadline > now ? MIN(deadline - now, FARTHEST) : 0;

	if (!timer_start)
		return;
	/* One count more: an interrupt before the deadline would find nothing to do. */
	timer_start(deadline == WAIT_FOREVER ? 0 : MIN(scale(left, timer_per_ns) + 1, timer_max));
}

static void use_timer(void (*start)(u64 count), u64 per_ns, u64 max)
{
	timer_per_ns = per_ns;
	timer_max = max;
	timer_start = start;
	clock_program(WAIT_FOREVER);
}

static void use_apic_timer(u64 apic_frequency)
{
	timer_is_apic = true;
	timer_by_tsc = cpu_features_ecx & ECX_TSC_DEADLINE;
	apic_timer_init(timer_by_tsc);
	if (timer_by_tsc)
		use_timer(deadline_start, ticks_per_ns, UINT64_MAX);
	else
		use_timer(apic_start, scale_factor(apic_frequency, NSEC), UINT32_MAX);
}

static void choose_timer(u64 apic_frequency)
{
	int err;

	if (irq_have_apic() && apic_frequency >= APIC_LOWEST) {
		use_apic_timer(apic_frequency);
		return;
	}
	if (irq_have_apic()) {
		log_warn("the local APIC's timer does not count: one CPU is used\n");
		acpi.ncpus = 0; /* of which others could be started */
	}
	err = irq_attach(PIT_IRQ, pit_interrupt, NULL);
	if (err)
		panic("no timer: the 8254's interrupt cannot be used, error %d", -err);
	use_timer(pit_start, scale_factor(PIT_FREQUENCY, NSEC), PIT_MAX_COUNT);
}

void clock_init_cpu(void)
{
	apic_timer_init(timer_by_tsc);
	clock_program(WAIT_FOREVER);
}

/* --- measuring --- */

/*
 * Readings of two counters, each with the time-stamp counter at that moment. `width` is what the
 * 8254's may be off: an emulator can be stopped by its host between any two instructions.
 */
struct sample {
	u64 pit_tsc, width;
	u16 pit;
	u64 apic_tsc;
	u32 apic;
};

/*
 * Wait until the 8254 makes a tick, which is then known more finely than its count. False if it
 * makes none.
 */
static bool catch_edge(struct sample *s)
{
	u64 before = clock_ticks();
	u16 last = pit_count();

	for (unsigned i = 0; i < EDGE_TRIES; i++) {
		u64 start = clock_ticks();
		u16 count = pit_count();

		if (count != last) {
			s->width = clock_ticks() - before;
			s->pit_tsc = before + s->width / 2;
			s->pit = count;
			return true;
		}
		before = start;
	}
	return false;
}

static void read_apic(struct sample *s)
{
	u64 width = UINT64_MAX;

	for (unsigned i = 0; i < SAMPLE_EDGES; i++) {
		u64 start = clock_ticks();
		u32 count = apic_timer_count();
		u64 end = clock_ticks();

		if (end - start < width) {
			width = end - start;
			s->apic_tsc = start + width / 2;
			s->apic = count;
		}
	}
}

/* The tightest of several. */
static bool take_sample(struct sample *s)
{
	struct sample one;

	s->width = UINT64_MAX;
	for (unsigned i = 0; i < SAMPLE_EDGES; i++) {
		if (!catch_edge(&one))
			return false;
		if (one.width < s->width)
			*s = one;
	}
	if (irq_have_apic())
		read_apic(s);
	return true;
}

static bool fine_enough(const struct sample *a, const struct sample *b)
{
	u16 pit = a->pit - b->pit;

	return pit >= MEASURE_TICKS ||
		(pit >= MEASURE_MIN_TICKS &&
			(a->width + b->width) * MEASURE_PRECISION < b->pit_tsc - a->pit_tsc);
}

/* False if a counter stands still, or we were stopped for so long that the 8254 has gone round. */
static bool measure_once(u64 *tsc, u64 *apic)
{
	struct sample a, b;
	u16 pit;

	pit_count_start();
	if (!take_sample(&a))
		return false;
	do {
		if (!take_sample(&b))
			return false;
	} while (!fine_enough(&a, &b));
	pit = a.pit - b.pit;
	if (pit_count_over() || b.pit_tsc <= a.pit_tsc)
		return false;
	*tsc = (b.pit_tsc - a.pit_tsc) * PIT_FREQUENCY / pit;
	if (irq_have_apic() && b.apic_tsc > a.apic_tsc)
		*apic = (u64)(a.apic - b.apic) * *tsc / (b.apic_tsc - a.apic_tsc);
	return *tsc >= TSC_LOWEST && *tsc <= TSC_HIGHEST;
}

static bool measure(u64 *tsc, u64 *apic)
{
	bool done = false;

	if (irq_have_apic()) {
		apic_timer_init(false);
		apic_timer_start(UINT32_MAX);
	}
	for (unsigned i = 0; i < MEASURE_TRIES && !done; i++) {
		*tsc = *apic = 0;
		done = measure_once(tsc, apic);
	}
	if (irq_have_apic())
		apic_timer_start(0);
	return done;
}

/* The counter's frequency as the CPU states it; 0 if it does not. */
static u64 stated_frequency(void)
{
	u32 highest, denominator, numerator, crystal, unused;

	cpuid(0, 0, &highest, &numerator, &crystal, &unused);
	if (highest < LEAF_TSC_RATIO)
		return 0;
	cpuid(LEAF_TSC_RATIO, 0, &denominator, &numerator, &crystal, &unused);
	return denominator ? (u64)crystal * numerator / denominator : 0;
}

/* The stated one is exact, unless it is another machine's (a virtual one's host). */
static u64 judge_frequency(bool measured, u64 tsc)
{
	u64 stated = stated_frequency();
	u64 off = stated > tsc ? stated - tsc : tsc - stated;

	if (!measured) {
		log_warn("the 8254 timer cannot be used to measure the CPU's counter\n");
		return stated >= TSC_LOWEST && stated <= TSC_HIGHEST ? stated : TSC_DEFAULT;
	}
	return off < tsc / EXACT_TOLERANCE ? stated : tsc;
}

/* --- boot --- */

static u8 cmos_read(u8 reg)
{
	io_write8(CMOS_ADDRESS, reg);
	return io_read8(CMOS_DATA);
}

void clock_init(void)
{
	u64 start = clock_ticks(), tsc, apic, seconds;
	bool measured = measure(&tsc, &apic);

	frequency = judge_frequency(measured, tsc);
	ticks_per_ns = scale_factor(frequency, NSEC);
	boot_time = start;
	ns_per_tick = scale_factor(NSEC, frequency);
	choose_timer(apic);
	if (rtc_read(cmos_read, &seconds))
		clock_realtime_base = seconds * NSEC - clock_now();
	else
		log_warn("no real-time clock: time begins in 1970\n");
	log_info("clock: %llu kHz, timer: %s\n", frequency / 1000,
		!timer_is_apic         ? "8254"
			: timer_by_tsc ? "local APIC by TSC"
				       : "local APIC");
}
