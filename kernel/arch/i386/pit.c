/*
 * The 8254 programmable interval timer: see pit.h. Registers: Intel 8254 data sheet (1993),
 * "Read/Write Operations"; what is around channel 2 on a PC, port 0x61, is the speaker's.
 *
 * Channel 0 is the timer interrupt's, channel 2 boot's and that of a machine that ends: no lock.
 */
#include "pit.h"

#include "machine/io.h"

#define COUNTER_0 0x40
#define COUNTER_2 0x42
#define CONTROL 0x43
#define MODE_0_CHANNEL_0 0x30 /* both bytes of the count; output high when it has reached 0 */
#define MODE_0_CHANNEL_2 0xb0
#define LATCH_CHANNEL_2 0x80

#define SPEAKER 0x61
#define GATE_2 0x01
#define SPEAKER_ON 0x02
#define OUTPUT_2 0x20

#define DELAY_PIECE 50000u /* us; fits the counter */
#define DELAY_TRIES 4000000u /* reads of a port, of which none is faster than 10 ns */

static void start(ulong counter, u8 mode, u16 count)
{
	io_write8(CONTROL, mode);
	io_write8(counter, (u8)count);
	io_write8(counter, (u8)(count >> 8));
}

void pit_timer_start(u16 count)
{
	/* Without a count the channel stands still (data sheet, "Mode 0"). */
	if (count == 0)
		io_write8(CONTROL, MODE_0_CHANNEL_0);
	else
		start(COUNTER_0, MODE_0_CHANNEL_0, count);
}

static void start_channel_2(u16 count)
{
	io_write8(SPEAKER, (io_read8(SPEAKER) & (u8)~SPEAKER_ON) | GATE_2);
	start(COUNTER_2, MODE_0_CHANNEL_2, count);
}

void pit_count_start(void)
{
	start_channel_2(PIT_MAX_COUNT);
}

u16 pit_count(void)
{
	u8 low;

	io_write8(CONTROL, LATCH_CHANNEL_2);
	low = io_read8(COUNTER_2);
	return (u16)(io_read8(COUNTER_2) << 8 | low);
}

bool pit_count_over(void)
{
	return io_read8(SPEAKER) & OUTPUT_2;
}

void pit_delay(u32 microseconds)
{
	while (microseconds > 0) {
		u32 piece = MIN(microseconds, DELAY_PIECE);

		/* One tick more: the first one may be almost over. */
		start_channel_2((u16)(piece * (u64)PIT_FREQUENCY / 1000000 + 2));
		for (u32 i = 0; i < DELAY_TRIES && !pit_count_over(); i++)
			__builtin_ia32_pause();
		microseconds -= piece;
	}
}
