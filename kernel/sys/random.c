/*
 * The random generator: ChaCha20 (RFC 8439, section 2.3) as a stream, whose key is replaced by
 * output of its own at each request, so that what was given out cannot be computed from the state
 * left behind ("fast key erasure").
 *
 * What the machine offers is stirred into the key by xor before a block is drawn: a seed from the
 * firmware, the real-time clock, the time counter at each request. Without a seed the bytes differ
 * from boot to boot only as far as the clocks do.
 */
#include "sys/random.h"
#include "lib/lock.h"
#include "lib/string.h"
#include "machine/boot.h"
#include "machine/clock.h"
#include "proc/timer.h"

#define ROUNDS 20

static struct spinlock random_lock = SPINLOCK_INIT("random", RANK_NONE);
static u32 key[8];     /* random_lock */
static u64 requests;   /* random_lock; the nonce */

static inline u32 rotate(u32 x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static void quarter(u32 *a, u32 *b, u32 *c, u32 *d)
{
	*a += *b, *d = rotate(*d ^ *a, 16);
	*c += *d, *b = rotate(*b ^ *c, 12);
	*a += *b, *d = rotate(*d ^ *a, 8);
	*c += *d, *b = rotate(*b ^ *c, 7);
}

/* One block: constants, key, counter and nonce through 20 rounds, added to what they were. */
static void chacha_block(u32 out[16], const u32 k[8], u64 counter, u64 nonce)
{
	static const u32 sigma[4] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
	u32 in[16];

	memcpy(in, sigma, sizeof(sigma));
	memcpy(in + 4, k, 8 * sizeof(u32));
	in[12] = (u32)counter;
	in[13] = (u32)(counter >> 32);
	in[14] = (u32)nonce;
	in[15] = (u32)(nonce >> 32);
	memcpy(out, in, sizeof(in));
	for (unsigned round = 0; round < ROUNDS; round += 2) {
		for (unsigned i = 0; i < 4; i++)
			quarter(&out[i], &out[4 + i], &out[8 + i], &out[12 + i]);
		for (unsigned i = 0; i < 4; i++)
			quarter(&out[i], &out[4 + (i + 1) % 4], &out[8 + (i + 2) % 4],
				&out[12 + (i + 3) % 4]);
	}
	for (unsigned i = 0; i < 16; i++)
		out[i] += in[i];
}

/* A key for one request; the generator's own is replaced. */
static void draw_key(u32 mine[8])
{
	ulong irq = spin_lock_irq(&random_lock);
	u64 now = clock_now();
	u32 block[16];

	key[0] ^= (u32)now;
	key[1] ^= (u32)(now >> 32);
	chacha_block(block, key, 0, ++requests);
	memcpy(key, block, sizeof(key));
	spin_unlock_irq(&random_lock, irq);
	memcpy(mine, block + 8, 8 * sizeof(u32));
}

void random_bytes(void *buf, size_t n)
{
	u32 mine[8], block[16];
	u8 *to = buf;

	draw_key(mine);
	for (u64 counter = 0; n; counter++) {
		size_t some = MIN(n, sizeof(block));

		chacha_block(block, mine, counter, 0);
		memcpy(to, block, some);
		to += some;
		n -= some;
	}
}

void random_stir(const void *data, size_t n)
{
	const u8 *from = data;
	u32 mine[8];

	for (size_t at = 0; at < n; at++) {
		size_t place = at % sizeof(key);
		ulong irq = spin_lock_irq(&random_lock);

		((u8 *)key)[place] ^= from[at];
		spin_unlock_irq(&random_lock, irq);
		if (place == sizeof(key) - 1)
			draw_key(mine);
	}
	draw_key(mine);
}

void random_init(void)
{
	u64 realtime = clock_realtime();
	u32 len = 0;
	const void *seed = machine_entropy(&len);

	if (seed)
		random_stir(seed, len);
	random_stir(&realtime, sizeof(realtime));
}
